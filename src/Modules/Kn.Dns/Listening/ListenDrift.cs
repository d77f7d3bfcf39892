using System.Threading.Channels;
using Kn.Hosting;
using Kn.Hosting.Reconciling;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;

namespace Kn.Dns.Listening;

/// <summary>Tells when somebody else changed the link, its addresses or the table.</summary>
internal sealed class ListenDrift : IDriftSource, IBulkListener, IDisposable
{
    private readonly NftMonitor _tables;
    private readonly RouteMonitor _routes;
    private readonly uint _own;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens from now on.</summary>
    /// <param name="tables">The socket that the module changes its table by.</param>
    /// <param name="routes">The port id of the one that it changes links by.</param>
    /// <param name="findLink">The link's index, or null.</param>
    /// <param name="inside">The network namespace; null for this one.</param>
    public ListenDrift(NftSocket tables, uint routes, Func<int?> findLink, NetworkNamespace? inside = null)
    {
        _own = routes;
        _tables = NftMonitor.Open(inside, tables);
        _routes = RouteMonitor.Open(RouteMonitorGroups.Links | RouteMonitorGroups.Addresses, inside, change => Concerns(change, findLink));
    }

    /// <summary>Passes on what is heard, until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(WatchTablesAsync(cancellationToken), WatchRoutesAsync(cancellationToken));

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
        _routes.Dispose();
    }

    private bool Concerns(RouteEvent change, Func<int?> findLink) => change switch
    {
        EventsLost => true,
        _ when change.CausedBy == _own => false,
        LinkEvent link => link.Link.Name == NodeResources.DnsLink && (link.IsRemoved || !link.Link.IsUp),
        AddressEvent address => address.Address.LinkIndex == findLink(),
        _ => false,
    };

    private async Task WatchTablesAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _tables.ReadAllAsync(cancellationToken))
        {
            if (change.Touches(DnsTableRules.Id))
            {
                _signal.Writer.TryWrite(true);
            }
        }
    }

    private async Task WatchRoutesAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in _routes.ReadAllAsync(cancellationToken))
        {
            _signal.Writer.TryWrite(true);
        }
    }
}
