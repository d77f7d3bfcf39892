using System.Threading.Channels;
using Kn.Hosting.Reconciling;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy;

/// <summary>Tells when somebody else changed the table, or when the node's addresses changed and NodePorts depend on them.</summary>
internal sealed class ProxyDrift : IDriftSource, IBulkListener, IDisposable
{
    private readonly NftMonitor _tables;
    private readonly RouteMonitor? _addresses;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Starts to listen.</summary>
    /// <param name="own">The socket that this module writes by: its transactions are no drift.</param>
    /// <param name="watchesAddresses">Whether the plan depends on the addresses of the node's links.</param>
    /// <param name="inside">The network namespace; null for this one.</param>
    public ProxyDrift(NftSocket own, bool watchesAddresses, NetworkNamespace? inside = null)
    {
        _tables = NftMonitor.Open(inside, own);
        _addresses = watchesAddresses ? RouteMonitor.Open(RouteMonitorGroups.Addresses, inside) : null;
    }

    /// <summary>Listens until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(WatchTablesAsync(cancellationToken), WatchAddressesAsync(cancellationToken));

    /// <inheritdoc/>
    public async Task WaitForDriftAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public void Pause() => _tables.Pause();

    /// <inheritdoc/>
    public void Resume() => _tables.Resume();

    /// <inheritdoc/>
    public void Missed() => _tables.Missed();

    /// <inheritdoc/>
    public void Dispose()
    {
        _tables.Dispose();
        _addresses?.Dispose();
    }

    private async Task WatchTablesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _tables.ReadAllAsync(cancellationToken))
        {
            if (change.Touches(ProxyRules.TableId))
            {
                _signal.Writer.TryWrite(true);
            }
        }
    }

    private async Task WatchAddressesAsync(CancellationToken cancellationToken)
    {
        if (_addresses is null)
        {
            return;
        }

        await foreach (var change in _addresses.ReadAllAsync(cancellationToken))
        {
            if (change is EventsLost or AddressEvent { Address.Address.IsLinkLocal: false })
            {
                _signal.Writer.TryWrite(true);
            }
        }
    }
}
