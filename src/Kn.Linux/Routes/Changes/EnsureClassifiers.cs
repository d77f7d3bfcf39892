using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Gives a link the qdisc <c>clsact</c>, the place where filters hang; success when it has one already, whoever made it.</summary>
/// <param name="LinkIndex">The link.</param>
/// <remarks>tc-bpf(8). ENOENT: the kernel has none. A link that has the older qdisc <c>ingress</c> keeps it, and refuses filters for egress.</remarks>
public sealed record EnsureClassifiers(int LinkIndex) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"add qdisc clsact to link #{LinkIndex}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.EEXIST;

    internal override void Write(ref NetlinkWriter writer) => FilterMessages.WriteEnsureClsact(ref writer, LinkIndex);
}
