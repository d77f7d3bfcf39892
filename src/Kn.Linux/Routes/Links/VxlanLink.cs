using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>A VXLAN tunnel end; where frames go is said by FDB entries.</summary>
public sealed record VxlanLink : LinkSpec
{
    /// <summary>Its settings.</summary>
    public required VxlanSettings Settings { get; init; }

    internal override ReadOnlySpan<byte> Kind => "vxlan"u8;

    internal override void WriteData(ref NetlinkWriter writer) => VxlanAttributes.Write(ref writer, Settings);
}
