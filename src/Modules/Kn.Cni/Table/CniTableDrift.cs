using System.Threading.Channels;
using Kn.Hosting.Reconciling;
using Kn.Linux.Nftables;

namespace Kn.Cni.Table;

/// <summary>Tells when somebody else changed or removed the table <c>inet kn-cni</c>.</summary>
/// <param name="own">The socket that the module writes by: its transactions are no drift.</param>
internal sealed class CniTableDrift(NftSocket own) : IDriftSource, IBulkListener, IDisposable
{
    private readonly NftMonitor _monitor = NftMonitor.Open(except: own);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens until cancelled. Begins with the constructor, so that nothing falls between it and the first read.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _monitor.ReadAllAsync(cancellationToken))
        {
            if (change.Touches(CniTableRules.Id))
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
