using System.Threading.Channels;
using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Linux.Nftables;

namespace Kn.Routes.Guard;

/// <summary>Tells when somebody else changed the table, and when the node gets its first tunnel or loses its last.</summary>
internal sealed class GuardDrift : IDriftSource, IBulkListener, IDisposable
{
    private readonly NftMonitor _monitor;
    private readonly EncapsulationOverhead _encapsulation;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens from now on.</summary>
    /// <param name="own">The socket that the module writes by: its transactions are no drift.</param>
    /// <param name="encapsulation">Tells of tunnels.</param>
    public GuardDrift(NftSocket own, EncapsulationOverhead encapsulation)
    {
        _monitor = NftMonitor.Open(except: own);
        _encapsulation = encapsulation;
        _encapsulation.Changed += Signal;
    }

    /// <summary>Passes on what is heard, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _monitor.ReadAllAsync(cancellationToken))
        {
            if (change.Touches(TunnelRules.Id))
            {
                Signal();
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
    public void Dispose()
    {
        _encapsulation.Changed -= Signal;
        _monitor.Dispose();
    }

    private void Signal() => _signal.Writer.TryWrite(true);
}
