using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Removes a neighbour by link and address; a proxy entry when it says so.</summary>
/// <param name="Neighbour">The neighbour.</param>
public sealed record RemoveNeighbour(Neighbour Neighbour) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove neighbour {Neighbour.Address} from link #{Neighbour.LinkIndex}";

    internal override bool IsDoneAlready(Errno errno) => errno is Errno.ENOENT or Errno.ENODEV;

    internal override void Write(ref NetlinkWriter writer) => NeighbourMessages.WriteRemove(ref writer, Neighbour);
}
