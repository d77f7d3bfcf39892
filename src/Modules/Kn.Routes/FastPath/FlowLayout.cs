namespace Kn.Routes.FastPath;

/// <summary>What the fast path's programs keep, byte by byte. Both families have keys of one shape: IPv4 addresses stand in the first four bytes of their place.</summary>
internal static class FlowLayout
{
    /// <summary>link index u32 | source and destination port, as in the packet | source 16 bytes | destination 16 bytes</summary>
    public const int KeyBytes = 40;

    public const int KeyLink = 0;
    public const int KeyPorts = 4;
    public const int KeySource = 8;
    public const int KeyDestination = 24;

    /// <summary>valid until, ns u64 | epoch u32 | link to leave by u32 | largest frame u32 | Ethernet destination and source 12 bytes |
    /// 1 for a pod's link without limits u32 | unused u32</summary>
    public const int ValueBytes = 40;

    public const int ValueUntil = 0;
    public const int ValueEpoch = 8;
    public const int ValueLink = 12;
    public const int ValueFrame = 16;
    public const int ValueEthernet = 20;
    public const int ValueIntoPod = 32;

    /// <summary>Links of pods that packets go into without a queue at a time; a node has a few hundred.</summary>
    public const int PodLinks = 4096;

    /// <summary>epoch u32 | unused u32 | flows taken in u64</summary>
    public const int StateBytes = 16;

    public const int StateEpoch = 0;
    public const int StateTaken = 8;

    /// <summary>Places of the hints, u64 each: until when, in ns, a flow of this place is known. A power of two; all of them fit a processor's second cache.</summary>
    public const int Hints = 8192;

    /// <summary>Flows at a time; who has more sees some of them take the long way. 16,384 of them are about 2 MB of the kernel's memory.</summary>
    public const int Flows = 16_384;

    /// <summary>How long a flow goes by what the stack last said of it, in ns: a policy, a route, a neighbour that changes is followed as soon.</summary>
    public const int ValidFor = 50_000_000;

    /// <summary>One in so many of the packets that may be taken in is (a power of two): short connections hardly ever pay for it, long ones lose nothing.</summary>
    public const int TakenOneIn = 4;
}
