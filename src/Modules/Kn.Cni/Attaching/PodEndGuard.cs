using System.Threading.Channels;
using Kn.Cni.Protocol;
using Kn.Linux;
using Kn.Linux.Routes;

namespace Kn.Cni.Attaching;

/// <summary>Watches pods' ends, from the node: the kernel tells a socket that asks for it of every namespace that the node's links lead to.</summary>
/// <param name="attachments">The node's pods.</param>
/// <param name="repair">Sets right what was changed.</param>
internal sealed class PodEndGuard(NodeAttachments attachments, PodEndRepair repair) : IDisposable
{
    /// <summary>One that changes its address all the time must not keep us busy.</summary>
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(100);

    private const int MostWaiting = 4096;

    private readonly RouteMonitor? _monitor = TryOpen(attachments);
    private readonly Channel<RouteEvent> _waiting = Channel.CreateBounded<RouteEvent>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens until cancelled. Begins with the constructor.</summary>
    public async Task ListenAsync(CancellationToken cancellationToken)
    {
        if (_monitor is null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, attachments.Time, cancellationToken);
            return;
        }

        await foreach (var change in _monitor.ReadAllAsync(cancellationToken))
        {
            _waiting.Writer.TryWrite(change);
        }
    }

    /// <summary>Looks at every pod's end, then at those that change, until cancelled.</summary>
    public async Task RepairAsync(CancellationToken cancellationToken)
    {
        await repair.RepairAllAsync(cancellationToken);
        while (true)
        {
            await _waiting.Reader.WaitToReadAsync(cancellationToken);
            var keys = new HashSet<AttachmentKey>();
            var limits = false;
            var all = false;
            while (_waiting.Reader.TryRead(out var change))
            {
                limits |= change is QdiscEvent;
                all |= change is EventsLost;
                if (change is LinkEvent { Link: var link } && attachments.Macs.TryFindChanged(link, out var key))
                {
                    keys.Add(key);
                }
            }

            foreach (var key in keys)
            {
                await repair.RepairAsync(key, cancellationToken);
            }

            await (all ? repair.RepairAllAsync(cancellationToken) : limits ? repair.RepairLimitsAsync(cancellationToken) : Task.CompletedTask);
            await Task.Delay(Spacing, attachments.Time, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _monitor?.Dispose();

    private static RouteMonitor? TryOpen(NodeAttachments attachments)
    {
        try
        {
            return RouteMonitor.Open(RouteMonitorGroups.Links | RouteMonitorGroups.Qdiscs, concerns: change => Concerns(change, attachments.Macs), otherNamespaces: true);
        }
        catch (LinuxException error)
        {
            // Without CAP_NET_BROADCAST all else works.
            CniLog.PodEndsUnwatched(attachments.Logger, error.Message);
            return null;
        }
    }

    /// <summary>A pod that is added has the address that is expected; so nothing of it wakes anybody.</summary>
    private static bool Concerns(RouteEvent change, PodMacs macs) => change switch
    {
        EventsLost => true,
        LinkEvent { IsRemoved: false } changed => macs.TryFindChanged(changed.Link, out _),
        // The kernel's own doing, as at the end of a link, has no cause.
        QdiscEvent { IsRemoved: true, CausedBy: not 0 } removed => removed.Qdisc is { IsRoot: true, TokenBucket: not null },
        _ => false,
    };
}
