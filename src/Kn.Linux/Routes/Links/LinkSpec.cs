using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;

namespace Kn.Linux.Routes;

/// <summary>A link to be made.</summary>
public abstract record LinkSpec
{
    private protected LinkSpec()
    {
    }

    /// <summary>Name, 1 to 15 bytes, without slash or space.</summary>
    public required string Name { get; init; }

    /// <summary>Identity wanted; null lets the kernel choose.</summary>
    public int? Index { get; init; }

    /// <summary>Largest packet in bytes; null for the kind's default.</summary>
    public uint? Mtu { get; init; }

    /// <summary>Ethernet address; null for a random one.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Free text, shown by <c>ip -d link</c>. The kernel takes it only once the link is there, so it is sent in a second
    /// step, and not together with <see cref="NetworkNamespace"/>.</summary>
    public string? Alias { get; init; }

    /// <summary>Group number, so that all links of one owner are found.</summary>
    public uint? Group { get; init; }

    /// <summary>Index of the bridge to be a port of.</summary>
    public int? Master { get; init; }

    /// <summary>Switched on in the same step. Default false.</summary>
    public bool Up { get; init; }

    /// <summary>The namespace to make it in, when it is not the socket's; must stay open until the link is made.</summary>
    public NetworkNamespace? NetworkNamespace { get; init; }

    internal abstract ReadOnlySpan<byte> Kind { get; }

    /// <summary>Puts the attributes inside IFLA_INFO_DATA.</summary>
    internal abstract void WriteData(ref NetlinkWriter writer);
}
