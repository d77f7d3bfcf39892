using Kn.Linux.Netlink;

namespace Kn.Linux.Routes;

/// <summary>A link that drops what is sent; holds addresses. Not in every kernel.</summary>
public sealed record DummyLink : LinkSpec
{
    internal override ReadOnlySpan<byte> Kind => "dummy"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
    }
}
