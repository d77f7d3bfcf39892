using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>A pair of links joined by a virtual cable; the other end may be made in another namespace at once.</summary>
/// <remarks>VETH_INFO_PEER, uapi/linux/veth.h: struct ifinfomsg and the attributes of the other end.</remarks>
public sealed record VethLink : LinkSpec
{
    private const ushort VETH_INFO_PEER = 1;

    /// <summary>The other end.</summary>
    public required VethPeer Peer { get; init; }

    internal override ReadOnlySpan<byte> Kind => "veth"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        var nest = writer.BeginAttribute(VETH_INFO_PEER);
        LinkMessages.WriteHeader(ref writer, Peer.Index ?? 0, LinkFlags.None, LinkFlags.None);
        LinkMessages.WriteCommon(ref writer, Peer.Name, Peer.Mtu, Peer.Mac, alias: null, Peer.Group);
        LinkMessages.WriteNamespace(ref writer, Peer.NetworkNamespace);
        writer.EndNest(nest);
    }
}

/// <summary>The other end of a veth pair.</summary>
/// <remarks>It is made first, and the kernel cannot switch one end on without the other (ENOTCONN, veth_open()): that is left to
/// <see cref="LinkChange.Up"/> from a socket in its namespace.</remarks>
public sealed record VethPeer
{
    /// <summary>Name, 1 to 15 bytes.</summary>
    public required string Name { get; init; }

    /// <summary>Identity wanted in its namespace; null lets the kernel choose.</summary>
    public int? Index { get; init; }

    /// <summary>Largest packet in bytes; null for 1500.</summary>
    public uint? Mtu { get; init; }

    /// <summary>Ethernet address; null for a random one.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Group number.</summary>
    public uint? Group { get; init; }

    /// <summary>The namespace to make it in; null for the socket's. Must stay open until the link is made.</summary>
    public NetworkNamespace? NetworkNamespace { get; init; }
}
