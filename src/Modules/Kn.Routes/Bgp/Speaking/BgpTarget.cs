using Kn.Bgp;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Bgp.Planning;
using Microsoft.Extensions.Logging;

namespace Kn.Routes.Bgp.Speaking;

/// <summary>Drives what this node's speaker is, whom it speaks with and what it says.</summary>
internal sealed class BgpTarget(BgpTable table, SpeakerHost host, RouteSocket socket, ModuleContext context, BgpEvents events, ILogger logger) : ITarget<BgpKey, BgpPiece>
{
    /// <summary>How long new Service addresses wait for the proxy: an address that attracts traffic before its rules are there loses it.</summary>
    private static readonly TimeSpan ProxyPatience = TimeSpan.FromSeconds(2);

    /// <summary>The same at the start, when the proxy has everything to do. Less than peers keep this node's routes for.</summary>
    private static readonly TimeSpan FirstProxyPatience = TimeSpan.FromSeconds(20);

    private readonly Dictionary<BgpKey, BgpPiece> _said = [];
    private ClusterSnapshot _cluster = ClusterSnapshot.Empty;
    private Departure _departure;

    public string Name => "bgp";

    /// <summary>Prefixes that peers are told. Any thread.</summary>
    public int Advertised { get; private set; }

    /// <summary>Peers that are configured. Any thread.</summary>
    public int Peers { get; private set; }

    /// <summary>Somebody asked the agent to take the node out of service, or to put it back.</summary>
    public bool IsLeaving { get; set; }

    public IEnumerable<BgpKey> Keys(ClusterSnapshot cluster)
    {
        Be(cluster);
        events.SeeAll(cluster, table.Self);
        return table.Keys();
    }

    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<BgpKey> keys)
    {
        _cluster = cluster;
        table.Follow(cluster, change, keys);
        events.See(cluster, change, table.Self);
    }

    public BgpPiece? Plan(ClusterSnapshot cluster, BgpKey key, Problems problems)
    {
        Be(cluster);
        return BgpPlan.Of(table, key, problems);
    }

    public async Task<ValueMap<BgpKey, BgpPiece>> ReadAsync(CancellationToken cancellationToken)
    {
        var network = KernelNetwork.Of(socket.ReadLinks(), socket.ReadAddresses(), table.Environment.Underlay);
        var (passwords, unreadable) = await PasswordFiles.ReadAsync(table.Options, cancellationToken);
        table.Environment = new BgpEnvironment(network.Underlay, passwords, unreadable) { IsLeaving = IsLeaving };
        return _said.ToValueMap();
    }

    public async Task ApplyAsync(Changes<BgpKey, BgpPiece> changes, CancellationToken cancellationToken)
    {
        TellDeparture();
        try
        {
            await TellAsync(changes, cancellationToken);
        }
        catch
        {
            // What the speaker knows is uncertain now: the next pass tells it everything.
            _said.Clear();
            throw;
        }

        Advertised = _said.Keys.Count(static key => key.Kind == BgpKeyKind.Route);
        Peers = _said.Keys.Count(static key => key.Kind == BgpKeyKind.Peer);
    }

    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Be(ClusterSnapshot cluster)
    {
        _cluster = cluster;
        table.Be(cluster);
    }

    private async Task TellAsync(Changes<BgpKey, BgpPiece> changes, CancellationToken cancellationToken)
    {
        var isFromNothing = _said.Count == 0;
        foreach (var (key, _, after) in changes.All)
        {
            _ = after is null ? _said.Remove(key) : (_said[key] = after) is not null;
        }

        isFromNothing |= await host.BeAsync(_said.GetValueOrDefault(BgpKey.Speaker) as SpeakerPiece);
        if (host.Speaker is not { } speaker)
        {
            return;
        }

        // Routes come before peers: a peer that kept them over a restart must hear all of them before it hears that it was all.
        if (isFromNothing)
        {
            await WaitForProxyAsync(_said.Keys, FirstProxyPatience, cancellationToken);
            await speaker.SetRoutesAsync(_said.Values.OfType<RoutePiece>().Select(static piece => piece.Route).ToList(), cancellationToken);
        }
        else
        {
            await ChangeRoutesAsync(speaker, changes, cancellationToken);
        }

        if (isFromNothing || changes.All.Any(static change => change.Key.Kind == BgpKeyKind.Peer))
        {
            await host.SetPeersAsync(_said.Values.OfType<PeerPiece>().ToList(), cancellationToken);
        }
    }

    /// <summary>Withdrawals wait for nobody.</summary>
    private async Task ChangeRoutesAsync(BgpSpeaker speaker, Changes<BgpKey, BgpPiece> changes, CancellationToken cancellationToken)
    {
        var withdrawn = changes.All.Where(static change => change.Key.Kind == BgpKeyKind.Route && change.After is null).Select(static change => change.Key.Prefix).ToList();
        var announced = changes.All.Where(static change => change.After is RoutePiece).ToList();
        if (withdrawn.Count > 0)
        {
            await speaker.ChangeRoutesAsync([], withdrawn, cancellationToken);
        }

        if (announced.Count > 0)
        {
            await WaitForProxyAsync(announced.Where(static change => change.Before is null).Select(static change => change.Key), ProxyPatience, cancellationToken);
            await speaker.ChangeRoutesAsync(announced.Select(static change => change.After).OfType<RoutePiece>().Select(static piece => piece.Route).ToList(), [], cancellationToken);
        }
    }

    /// <summary>Waits until the proxy has the Services of these prefixes in place.</summary>
    private async Task WaitForProxyAsync(IEnumerable<BgpKey> keys, TimeSpan patience, CancellationToken cancellationToken)
    {
        var wanted = keys.Where(static key => key.Kind == BgpKeyKind.Route)
            .SelectMany(key => table.Prefixes.ServicesOf(key.Prefix))
            .Distinct()
            .Select(_cluster.Services.Find)
            .ToList();
        if (wanted.Count == 0)
        {
            return;
        }

        bool IsInPlace(ClusterSnapshot settled) => wanted.TrueForAll(service =>
            service is null || (settled.Services.Find(service.Key) is { } known && known.ClusterIps == service.ClusterIps && known.LoadBalancerIngress == service.LoadBalancerIngress));
        try
        {
            await context.ProgrammedServices.WhenAsync(IsInPlace, cancellationToken).WaitAsync(patience, context.Time, cancellationToken);
        }
        catch (TimeoutException)
        {
            BgpLog.ProxyLate(logger, patience.TotalSeconds);
        }
    }

    private void TellDeparture()
    {
        if (table.Departure != _departure)
        {
            _departure = table.Departure;
            BgpLog.DepartureChanged(logger, _departure switch
            {
                Departure.Leaving => "leaving",
                Departure.Draining => "draining",
                _ => "in service",
            });
        }
    }
}
