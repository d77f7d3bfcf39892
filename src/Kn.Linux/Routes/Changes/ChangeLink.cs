using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Changes a link that is there; ENODEV when it is not.</summary>
/// <param name="Index">Which link.</param>
/// <param name="Change">What to change.</param>
public sealed record ChangeLink(int Index, LinkChange Change) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"change link #{Index}";

    internal override void Write(ref NetlinkWriter writer) => LinkMessages.WriteChange(ref writer, Index, Change);
}
