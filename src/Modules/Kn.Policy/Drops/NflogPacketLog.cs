using Kn.Hosting;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Linux.Nflog;

namespace Kn.Policy.Drops;

/// <summary>The table's NFLOG group in the kernel.</summary>
internal sealed class NflogPacketLog : IPacketLog
{
    private readonly NflogMonitor _monitor;

    private NflogPacketLog(NflogMonitor monitor) => _monitor = monitor;

    /// <summary>Listens to the group.</summary>
    /// <exception cref="NetlinkException">EPERM: somebody else listens to it. EINVAL: the kernel has no NFLOG.</exception>
    public static NflogPacketLog Open(NetworkNamespace? inside) => new(NflogMonitor.Open(NodeResources.PolicyDropLog, inside));

    /// <summary>Whether the kernel can log to a group: a rule that does is refused where it cannot, and all rules with it.</summary>
    /// <remarks>Listening asks the kernel for the module nfnetlink_log (CONFIG_NETFILTER_NETLINK_LOG), which brings the logger that rules name, too; where
    /// it has none, nfnetlink_rcv_msg in net/netfilter/nfnetlink.c answers EINVAL.</remarks>
    /// <param name="inside">The network namespace; null for this one.</param>
    /// <returns>What is missing; null for nothing.</returns>
    public static string? Missing(NetworkNamespace? inside)
    {
        try
        {
            Open(inside).Dispose();
            return null;
        }
        catch (NetlinkException exception) when (exception.Errno != Errno.EINVAL)
        {
            // Somebody else listens, so it is there.
            return null;
        }
        catch (NetlinkException)
        {
            return "this kernel has no NFLOG (module nfnetlink_log, CONFIG_NETFILTER_NETLINK_LOG)";
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<LoggedPacket> ReadAllAsync(CancellationToken cancellationToken) => _monitor.ReadAllAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();
}
