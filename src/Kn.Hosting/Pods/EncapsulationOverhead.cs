namespace Kn.Hosting.Pods;

/// <summary>How many bytes the way to other nodes' pods puts before a pod's packet: what a pod's MTU must be smaller by than the underlay's.
/// Written by the module that routes between nodes, read by the one that attaches pods. Thread-safe.</summary>
/// <remarks>VXLAN (RFC 7348 §5) over IPv4: outer IPv4 20, UDP 8, VXLAN 8 and inner Ethernet 14 make 50; over IPv6: 70.</remarks>
public sealed class EncapsulationOverhead
{
    private uint _bytes;

    /// <summary>Raised after <see cref="Bytes"/> changed, on the thread that changed it; a handler must be quick and must not throw.</summary>
    public event Action? Changed;

    /// <summary>The largest overhead of any way in use: 0 where every node is reached directly, and before anybody has said anything.</summary>
    public uint Bytes => Volatile.Read(ref _bytes);

    /// <summary>Says what it is now.</summary>
    public void Set(uint bytes)
    {
        if (Interlocked.Exchange(ref _bytes, bytes) != bytes)
        {
            Changed?.Invoke();
        }
    }
}
