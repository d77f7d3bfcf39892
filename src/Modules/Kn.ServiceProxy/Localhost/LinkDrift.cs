using System.Threading.Channels;
using Kn.Hosting.Reconciling;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;

namespace Kn.ServiceProxy.Localhost;

/// <summary>Tells when a link came up or went.</summary>
internal sealed class LinkDrift(NetworkNamespace? inside) : IDriftSource, IDisposable
{
    private readonly RouteMonitor _links = RouteMonitor.Open(RouteMonitorGroups.Links, inside);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Listens until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _links.ReadAllAsync(cancellationToken))
        {
            if (change is EventsLost or LinkEvent { IsRemoved: false, Link.IsUp: true })
            {
                _signal.Writer.TryWrite(true);
            }
        }
    }

    /// <inheritdoc/>
    public async Task WaitForDriftAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _links.Dispose();
}
