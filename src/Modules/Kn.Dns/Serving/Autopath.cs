using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>Walks a pod's search path for it: the first name of the path that does not exist is answered with an alias of the first that does,
/// so that the client need not try them one by one.</summary>
/// <remarks>The kubelet gives pods <c>search NS.svc.ZONE svc.ZONE ZONE</c> and ndots:5, so that <c>www.example.com</c> is asked for as four names, each
/// by A and AAAA. Here the first answer says where it leads. The node's own search domains, which come last in a pod's path, are left to the
/// client, as are clients of which it is not known whether their path is the usual one: those whose address no pod has, or pods of several namespaces.</remarks>
internal sealed class Autopath(ZoneSettings settings, ZoneRecords records)
{
    /// <summary>How many names follow the first one: in svc of the zone, in the zone, and as it is.</summary>
    public const int Steps = 3;

    /// <summary>The part of the name that the client's search path was put behind, without an end; empty when the name is not of the path's first domain.</summary>
    public ReadOnlySpan<byte> PartOf(in DnsQuery query)
    {
        var name = new ZoneName(query.Name, settings.Apex, settings.ApexLabels);
        if (!name.IsWithin || name.Count < 3 || !name.Is(0, "svc"u8) || NamespaceOf(query.Client) is not { } space || !DnsName.Matches(space.Labels.AsSpan(), name.Between(1, 1)))
        {
            return default;
        }

        return name.Between(name.Count - 1, 2);
    }

    /// <summary>Writes the name of a step, and returns its length; 0 when it would be too long.</summary>
    /// <param name="part">What <see cref="PartOf"/> found.</param>
    /// <param name="step">0 to 2.</param>
    /// <param name="destination">Room for a name.</param>
    public int Write(scoped ReadOnlySpan<byte> part, int step, Span<byte> destination)
    {
        var end = step switch
        {
            0 => settings.ServiceEnd,
            1 => settings.Apex,
            _ => DnsName.Root,
        };
        if (part.Length + end.Length > DnsName.MaxLength)
        {
            return 0;
        }

        part.CopyTo(destination);
        end.CopyTo(destination[part.Length..]);
        return part.Length + end.Length;
    }

    /// <summary>A pod of the host's network has the node's address, and is one of many.</summary>
    private PodPiece? NamespaceOf(in IpAddress client)
    {
        PodPiece? found = null;
        var cursor = records.Find(client);
        while (cursor.Next() is { } piece)
        {
            if (piece is not PodPiece pod || !pod.Addresses.AsSpan().Contains(client))
            {
                continue;
            }

            if (found is not null && found.Labels != pod.Labels)
            {
                return null;
            }

            found = pod;
        }

        return found;
    }
}
