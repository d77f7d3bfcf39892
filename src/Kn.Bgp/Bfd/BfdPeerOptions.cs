using Kn.Primitives;

namespace Kn.Bgp.Bfd;

/// <summary>A neighbour on the same link whose path is watched (RFC 5881).</summary>
public sealed record BfdPeerOptions
{
    /// <summary>Its address.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>Ours, that it watches.</summary>
    public required IpAddress LocalAddress { get; init; }

    /// <summary>The link of an fe80::/10 address, by its index; 0 otherwise.</summary>
    public uint Scope { get; init; }

    /// <summary>Shortest time between two packets that we send. 300 ms, as FRR's: with three lost, the path is down within a second.</summary>
    public TimeSpan SendInterval { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>Shortest time between two packets that we can take.</summary>
    public TimeSpan ReceiveInterval { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How many packets must be lost.</summary>
    public byte Multiplier { get; init; } = 3;
}
