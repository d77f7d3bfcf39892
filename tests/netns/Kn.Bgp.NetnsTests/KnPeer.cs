using System.Collections.Concurrent;
using System.Net.Sockets;
using Kn.Bgp.Messages;
using Kn.Bgp.Sessions;
using Kn.NetnsTests;
using Kn.Primitives;

namespace Kn.Bgp.NetnsTests;

/// <summary>Our speaker in a network namespace, and what it finds out.</summary>
internal sealed class KnPeer : IBgpObserver, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public KnPeer(TestNamespace space, Func<BgpSpeakerOptions, BgpSpeakerOptions>? change = null)
    {
        var options = new BgpSpeakerOptions
        {
            LocalAs = PeerSettings.KnAs,
            RouterId = IpAddress.Parse("10.9.0.1"),
            OpenSocket = family => space.Namespace.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp)),
        };
        Speaker = new BgpSpeaker(change?.Invoke(options) ?? options, this, TimeProvider.System);
        _running = Task.Run(() => Speaker.RunAsync(_stop.Token));
    }

    internal BgpSpeaker Speaker { get; }

    /// <summary>Prefix → next hops in use, those of routes whose peer is away with a star.</summary>
    internal ConcurrentDictionary<string, string> Routes { get; } = new(StringComparer.Ordinal);

    /// <summary>Prefix → attributes of the best path.</summary>
    internal ConcurrentDictionary<string, string> Attributes { get; } = new(StringComparer.Ordinal);

    internal ConcurrentQueue<string> Events { get; } = new();

    public void RouteChanged(IpPrefix prefix, ReadOnlySpan<BgpRoute> paths)
    {
        if (paths.IsEmpty)
        {
            Events.Enqueue($"gone {prefix}");
            Routes.TryRemove(prefix.ToString(), out _);
            return;
        }

        Attributes[prefix.ToString()] = paths[0].Attributes.ToString();
        Routes[prefix.ToString()] = string.Join(' ', paths.ToArray().Select(static path => path.Kind == RouteKind.Local ? "local" : path.Attributes.NextHop.ToString()));
    }

    public void Converged() => Events.Enqueue("converged");

    public void SessionChanged(BgpPeerOptions peer, SessionState state, SessionEnd? end) => Events.Enqueue($"{peer.Address} {state} {end}");

    public void FaultyUpdate(BgpPeerOptions peer, BgpError error, bool isWithdrawn) => Events.Enqueue($"faulty {error}");

    internal static BgpPeerOptions Peer(string address = "10.9.0.2", uint asn = 4_200_000_001) => new()
    {
        Address = IpAddress.Parse(address),
        PeerAs = asn,
        Import = Policies.RoutePolicy.AcceptAll,
        ConnectRetry = TimeSpan.FromSeconds(1),
        NextHopV6 = IpAddress.Parse("fd09::1"),
        RestartTime = TimeSpan.Zero,
    };

    internal void SetPeers(params BgpPeerOptions[] peers) => Speaker.SetPeersAsync(peers, _stop.Token).GetAwaiter().GetResult();

    internal void SetRoutes(params LocalRoute[] routes) => Speaker.SetRoutesAsync(routes, _stop.Token).GetAwaiter().GetResult();

    internal PeerStatus Status(string address = "10.9.0.2") =>
        Speaker.ReadPeersAsync(_stop.Token).GetAwaiter().GetResult().First(status => status.Options.Address.ToString() == address);

    /// <summary>True for a prefix that a peer told, used or not.</summary>
    internal bool Knows(string prefix) => Speaker.ReadRoutesAsync(IpPrefix.Parse(prefix).Family, _stop.Token).GetAwaiter().GetResult()
        .Any(entry => entry.Prefix.ToString() == prefix);

    internal bool HasStale(string prefix) => Speaker.ReadRoutesAsync(IpPrefix.Parse(prefix).Family, _stop.Token).GetAwaiter().GetResult()
        .Any(entry => entry.Prefix.ToString() == prefix && entry.Route.IsStale);

    internal string Describe() => string.Join('\n', Events.Concat(Speaker.ReadPeersAsync(_stop.Token).GetAwaiter().GetResult().Select(static status => $"{status.Options.Address}: {status.State} {status.LastEnd}")));

    public void Dispose()
    {
        _stop.Cancel();
        _running.GetAwaiter().GetResult();
        Speaker.Dispose();
        _stop.Dispose();
    }
}
