using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Makes or replaces a neighbour.</summary>
/// <param name="Neighbour">The neighbour.</param>
public sealed record EnsureNeighbour(Neighbour Neighbour) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"add neighbour {Neighbour.Address} on link #{Neighbour.LinkIndex}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.EEXIST;

    internal override void Write(ref NetlinkWriter writer) => NeighbourMessages.WriteEnsure(ref writer, Neighbour);
}
