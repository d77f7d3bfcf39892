using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Removes a filter; the qdisc that it hung on stays, as others may use it.</summary>
/// <param name="Filter">Which.</param>
public sealed record RemoveBpfFilter(BpfFilter Filter) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"remove BPF filter {Filter.Name} from link #{Filter.LinkIndex}";

    /// <summary>EINVAL: no clsact there.</summary>
    internal override bool IsDoneAlready(Errno errno) => errno is Errno.ENOENT or Errno.ENODEV or Errno.EINVAL;

    internal override void Write(ref NetlinkWriter writer) => FilterMessages.WriteRemove(ref writer, Filter);
}
