using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Removes a rule that matches in all that is given.</summary>
/// <param name="Rule">The rule.</param>
public sealed record RemoveRule(Rule Rule) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove rule {Rule.Priority} for IP{Rule.Family}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.ENOENT;

    internal override void Write(ref NetlinkWriter writer) => RuleMessages.WriteRemove(ref writer, Rule);
}
