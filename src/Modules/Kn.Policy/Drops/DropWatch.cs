using Kn.Hosting.Modules;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Microsoft.Extensions.Logging;

namespace Kn.Policy.Drops;

/// <summary>What the module does about dropped packets: tells those who ask, and counts for the metrics.</summary>
internal sealed class DropWatch : IDisposable
{
    private readonly NftSocket _socket;
    private readonly DropView _view;
    private readonly NftDropCounts _counts;
    private readonly DropAccounts _accounts;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>Opens what is read.</summary>
    /// <param name="context">The host's.</param>
    /// <param name="options">The module's options.</param>
    /// <param name="metrics">The module's metrics.</param>
    /// <param name="logger">The module's logger.</param>
    /// <param name="inside">The node's network namespace; null for this one.</param>
    public DropWatch(ModuleContext context, PolicyOptions options, PolicyMetrics metrics, ILogger logger, NetworkNamespace? inside)
    {
        (_time, _logger) = (context.Time, logger);
        _socket = NftSocket.Open(inside);
        _counts = new NftDropCounts(_socket);
        _accounts = new DropAccounts(context.Metrics);
        _view = new DropView(() => context.Cache.Current, options, context.Time);
        Feed = new DropFeed(
            () => NflogPacketLog.Open(inside),
            packet => DropDescription.Of(packet, _view.Current(), context.Node.Name, context.Time.GetUtcNow()),
            metrics,
            logger);
    }

    /// <summary>Where drops are told.</summary>
    public DropFeed Feed { get; }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Counts until cancelled.</summary>
    public async Task CountAsync(CancellationToken cancellationToken)
    {
        // Off the path to a programmed kernel.
        await Task.Yield();
        using var timer = new PeriodicTimer(DropAccounts.Period, _time);
        var failed = false;
        do
        {
            try
            {
                _accounts.Take(_counts.Read(), _view.Current);
                failed = false;
            }
            catch (LinuxException exception)
            {
                if (!failed)
                {
                    PolicyLog.CannotCount(_logger, exception.Message);
                }

                failed = true;
            }

            _view.Rest();
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
