using Kn.Linux.Netlink;

namespace Kn.Linux.Routes;

/// <summary>An Ethernet bridge.</summary>
public sealed record BridgeLink : LinkSpec
{
    private const ushort IFLA_BR_STP_STATE = 5;
    private const ushort IFLA_BR_MCAST_SNOOPING = 23;

    /// <summary>Forward multicast only to ports that asked for it; null for the kernel's default, on.</summary>
    public bool? MulticastSnooping { get; init; }

    /// <summary>Speak the spanning tree protocol; null for the kernel's default, off.</summary>
    public bool? SpanningTree { get; init; }

    internal override ReadOnlySpan<byte> Kind => "bridge"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        if (SpanningTree is { } spanningTree)
        {
            writer.PutUInt32(IFLA_BR_STP_STATE, spanningTree ? 1u : 0u);
        }

        if (MulticastSnooping is { } snooping)
        {
            writer.PutUInt8(IFLA_BR_MCAST_SNOOPING, snooping ? (byte)1 : (byte)0);
        }
    }
}
