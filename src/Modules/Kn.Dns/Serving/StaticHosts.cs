using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>Names that the config gives addresses. Immutable; allocates nothing when asked.</summary>
internal sealed class StaticHosts
{
    private const uint Ttl = 30;

    private readonly PieceTable _names = new();
    private readonly PieceTable _addresses = new();

    /// <summary>The hosts of the config.</summary>
    public StaticHosts(ValueList<HostOptions> hosts)
    {
        Span<byte> lower = stackalloc byte[DnsName.MaxLength];
        foreach (var host in hosts)
        {
            var name = DnsName.Parse(host.Name);
            DnsName.CopyLower(name, lower);
            var piece = new PodPiece { Labels = ValueList.Create<byte>(lower[..name.Length]), Addresses = host.Addresses };
            _names.Add(DnsName.Hash(name), piece);
            foreach (var address in host.Addresses)
            {
                _addresses.Add(HashOf(address), piece);
            }
        }
    }

    /// <summary>Writes the answer to a query of class IN; 0 when it asks for no name or address of the config.</summary>
    public int Answer(in DnsQuery query, Span<byte> response)
    {
        if (_names.Count == 0)
        {
            return 0;
        }

        var writer = new ResponseWriter(response, query);
        writer.Set(DnsFlags.Authoritative | DnsFlags.RecursionAvailable);
        if (TryWriteNames(query, ref writer) || TryWriteAddresses(query, ref writer))
        {
            return writer.Finish(DnsRcode.NoError);
        }

        return 0;
    }

    private bool TryWriteAddresses(in DnsQuery query, scoped ref ResponseWriter writer)
    {
        var isKnown = false;
        Span<byte> bytes = stackalloc byte[16];
        var cursor = _names.Find(query.NameHash);
        while (cursor.Next() is PodPiece host)
        {
            if (!DnsName.Matches(query.Name, host.Labels.AsSpan()))
            {
                continue;
            }

            isKnown = true;
            foreach (ref readonly var address in host.Addresses.AsSpan())
            {
                if (ZoneWriter.TypeOf(address) == query.Type && !writer.TryWriteAnswer(query.Type, Ttl, bytes[..address.WriteBytes(bytes)]))
                {
                    writer.Set(DnsFlags.Truncated);
                }
            }
        }

        return isKnown;
    }

    private bool TryWriteNames(in DnsQuery query, scoped ref ResponseWriter writer)
    {
        if (query.Type != DnsType.Ptr || !ReverseName.TryParse(query.Name, out var address))
        {
            return false;
        }

        var cursor = _addresses.Find(HashOf(address));
        while (cursor.Next() is PodPiece host)
        {
            if (host.Addresses.AsSpan().Contains(address) && !writer.TryWriteName(DnsSection.Answer, query.Name, DnsType.Ptr, Ttl, host.Labels.AsSpan()))
            {
                writer.Set(DnsFlags.Truncated);
            }
        }

        return writer.Answers > 0;
    }

    private static ulong HashOf(IpAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return DnsName.HashBytes(bytes[..address.WriteBytes(bytes)]);
    }
}
