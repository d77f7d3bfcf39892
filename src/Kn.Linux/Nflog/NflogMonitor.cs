using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;

namespace Kn.Linux.Nflog;

/// <summary>The packets that rules log to one NFLOG group of a network namespace.</summary>
/// <remarks>A group has one listener. While there is none, the kernel throws away what is logged to it. The kernel collects packets for
/// <see cref="Delay"/>, so that a flood wakes nobody for each packet.</remarks>
public sealed class NflogMonitor : IDisposable
{
    /// <summary>How long the kernel may keep a packet back.</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(100);

    private readonly NetlinkMonitor<LoggedPacket> _monitor;

    private NflogMonitor(NetlinkMonitor<LoggedPacket> monitor) => _monitor = monitor;

    /// <summary>Starts to listen; what is logged after the return of this call is reported.</summary>
    /// <param name="group">The group, as the rules name it.</param>
    /// <param name="inside">The network namespace; null for this one.</param>
    /// <exception cref="NetlinkException">EPERM: not root, or somebody else listens to the group.</exception>
    public static NflogMonitor Open(ushort group, NetworkNamespace? inside = null) => new(NetlinkMonitor<LoggedPacket>.Open(
        NetlinkProtocol.Netfilter,
        [],
        (in NetlinkMessage message, List<LoggedPacket> results) => NflogMessages.Read(message, group, results),
        LoggedPacket.Lost,
        transport => Bind(transport, group),
        inside,
        concerns: null));

    /// <summary>The packets in order, until the token is cancelled or the monitor is disposed; <see cref="LoggedPacket.Lost"/> where some are missing.</summary>
    public IAsyncEnumerable<LoggedPacket> ReadAllAsync(CancellationToken cancellationToken) => _monitor.ReadAllAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();

    private static void Bind(INetlinkTransport transport, ushort group)
    {
        const int OneMessageBytes = 128;
        var writer = new NetlinkWriter(stackalloc byte[OneMessageBytes]);
        try
        {
            NflogMessages.WriteBind(ref writer, group, Delay);
            var failures = new NetlinkConversation(transport).Batch(writer.Messages, _ => $"listen to NFLOG group {group}");
            if (failures.Count > 0)
            {
                throw failures[0].Error;
            }
        }
        finally
        {
            writer.Dispose();
        }
    }
}
