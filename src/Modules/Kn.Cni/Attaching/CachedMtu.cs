namespace Kn.Cni.Attaching;

/// <summary>The underlay's MTU, read anew when it is a few seconds old: it needs a dump of links and routes, which grows with the node's
/// pods and would cost every ADD more than the attachment itself. Thread-safe.</summary>
internal sealed class CachedMtu(PodLinks links, TimeProvider time)
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private uint _mtu;
    private long _readAt;

    /// <summary>The MTU for pods.</summary>
    public uint Read()
    {
        lock (_lock)
        {
            if (_mtu == 0 || time.GetElapsedTime(_readAt) > MaxAge)
            {
                _mtu = links.ReadUnderlayMtu();
                _readAt = time.GetTimestamp();
            }

            return _mtu;
        }
    }
}
