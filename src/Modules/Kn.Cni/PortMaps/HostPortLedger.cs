using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Linux.Nftables;

namespace Kn.Cni.PortMaps;

/// <summary>Which attachment has which port of the node. Pure memory; not thread-safe.</summary>
public sealed class HostPortLedger
{
    private readonly Dictionary<AttachmentKey, Attachment> _claims = [];
    private readonly Dictionary<(ushort Port, IpProtocol Protocol), List<(PortMapping Mapping, AttachmentKey Key)>> _ports = [];

    /// <summary>Attachments that have ports.</summary>
    public IReadOnlyCollection<Attachment> Claims => _claims.Values;

    /// <summary>The elements of every claim.</summary>
    public IReadOnlyList<PortMapElement> Elements => [.. _claims.Values.SelectMany(ElementsOf)];

    /// <summary>The elements of one attachment.</summary>
    public static IReadOnlyList<PortMapElement> ElementsOf(Attachment attachment) =>
        PortMapElements.Of(PortMapOwner.CommentOf(attachment.Network, attachment.Key), attachment.Addresses, attachment.PortMappings);

    /// <summary>Claims an attachment's ports, all or none.</summary>
    /// <returns>What stands in the way; null when the ports are claimed.</returns>
    public HostPortConflict? Claim(Attachment attachment)
    {
        if (attachment.PortMappings.IsEmpty)
        {
            return null;
        }

        foreach (var wanted in attachment.PortMappings)
        {
            foreach (var (taken, key) in _ports.GetValueOrDefault((wanted.HostPort, wanted.Protocol)) ?? [])
            {
                if (key != attachment.Key && taken.Overlaps(wanted))
                {
                    return new HostPortConflict(wanted, taken, _claims[key]);
                }
            }
        }

        Release(attachment.Key);
        _claims.Add(attachment.Key, attachment);
        foreach (var mapping in attachment.PortMappings)
        {
            var place = (mapping.HostPort, mapping.Protocol);
            if (!_ports.TryGetValue(place, out var list))
            {
                _ports.Add(place, list = []);
            }

            list.Add((mapping, attachment.Key));
        }

        return null;
    }

    /// <summary>The attachment of that key, where it has claims.</summary>
    public Attachment? Find(AttachmentKey key) => _claims.GetValueOrDefault(key);

    /// <summary>Gives an attachment's ports back; without claims nothing happens.</summary>
    public void Release(AttachmentKey key)
    {
        if (!_claims.Remove(key, out var attachment))
        {
            return;
        }

        foreach (var mapping in attachment.PortMappings)
        {
            // A port of several addresses comes by several times.
            var place = (mapping.HostPort, mapping.Protocol);
            if (_ports.TryGetValue(place, out var list))
            {
                list.RemoveAll(item => item.Key == key);
                if (list.Count == 0)
                {
                    _ports.Remove(place);
                }
            }
        }
    }
}

/// <summary>Why a port cannot be had.</summary>
/// <param name="Wanted">What was asked for.</param>
/// <param name="Taken">What is there.</param>
/// <param name="Holder">Whose that is.</param>
public sealed record HostPortConflict(PortMapping Wanted, PortMapping Taken, Attachment Holder);
