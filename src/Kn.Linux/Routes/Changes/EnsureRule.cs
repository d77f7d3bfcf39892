using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Makes a rule.</summary>
/// <param name="Rule">The rule.</param>
public sealed record EnsureRule(Rule Rule) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"add rule {Rule.Priority} for IP{Rule.Family}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.EEXIST;

    internal override void Write(ref NetlinkWriter writer) => RuleMessages.WriteEnsure(ref writer, Rule);
}
