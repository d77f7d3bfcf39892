using System.Threading.Channels;
using Kn.Hosting.Reconciling;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Policy.Tables;

namespace Kn.Policy;

/// <summary>Tells when somebody else changed the table.</summary>
internal sealed class PolicyDrift : IDriftSource, IBulkListener, IDisposable
{
    private readonly NftMonitor _monitor;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Starts to listen.</summary>
    /// <param name="own">The socket that this module writes by: its transactions are no drift.</param>
    /// <param name="inside">The network namespace; null for this one.</param>
    public PolicyDrift(NftSocket own, NetworkNamespace? inside) => _monitor = NftMonitor.Open(inside, own);

    /// <summary>Listens until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _monitor.ReadAllAsync(cancellationToken))
        {
            if (change.Touches(PolicyRuleset.TableId))
            {
                _signal.Writer.TryWrite(true);
            }
        }
    }

    /// <inheritdoc/>
    public async Task WaitForDriftAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public void Pause() => _monitor.Pause();

    /// <inheritdoc/>
    public void Resume() => _monitor.Resume();

    /// <inheritdoc/>
    public void Missed() => _monitor.Missed();

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();
}
