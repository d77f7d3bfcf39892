using Kn.Cni.Protocol;
using Kn.Linux.Routes;

namespace Kn.Cni.Attaching;

/// <summary>The hardware address that each pod's end should have, by the node's end of its link. Thread-safe.</summary>
internal sealed class PodMacs
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (AttachmentKey Key, MacAddress Mac)> _byHostLink = [];
    private readonly Dictionary<AttachmentKey, int> _hostLinks = [];

    /// <summary>Says what a pod's end has from now on.</summary>
    /// <param name="hostLink">Index of the node's end.</param>
    /// <param name="key">Whose.</param>
    /// <param name="mac">The address.</param>
    public void Expect(int hostLink, AttachmentKey key, MacAddress mac)
    {
        lock (_lock)
        {
            Remove(key);
            _hostLinks[key] = hostLink;
            _byHostLink[hostLink] = (key, mac);
        }
    }

    /// <summary>Ends it.</summary>
    public void Forget(AttachmentKey key)
    {
        lock (_lock)
        {
            Remove(key);
        }
    }

    /// <summary>Whether a link may be the end of a pod that got another address, seen from its own namespace.</summary>
    public bool TryFindChanged(Link link, out AttachmentKey key)
    {
        lock (_lock)
        {
            var isChanged = _byHostLink.TryGetValue(link.PeerIndex, out var expected) && link.Mac is { } mac && mac != expected.Mac;
            key = expected.Key;
            return isChanged && link.Name == key.InterfaceName;
        }
    }

    private void Remove(AttachmentKey key)
    {
        // The kernel gives an index to another link when the first one is gone.
        if (_hostLinks.Remove(key, out var hostLink) && _byHostLink.TryGetValue(hostLink, out var entry) && entry.Key == key)
        {
            _byHostLink.Remove(hostLink);
        }
    }
}
