using System.Text;
using System.Text.Json;
using Kn.Bgp;
using Kn.Bgp.Attributes;
using Kn.Bgp.Messages;
using Kn.Hosting.Control;
using Kn.Linux.Routes;
using Kn.Primitives;
using Kn.Routes.Bgp.Learned;
using Kn.Routes.Bgp.Speaking;

namespace Kn.Routes.Bgp.Inspection;

/// <summary>Answers <c>kn bgp</c>.</summary>
/// <param name="host">The speaker.</param>
/// <param name="learned">What peers told.</param>
/// <param name="target">What the kernel has of it.</param>
/// <param name="socket">The kernel.</param>
/// <param name="setLeaving">Takes the node out of service, or back.</param>
internal sealed class BgpInspector(SpeakerHost host, LearnedRoutes learned, LearnedTarget target, RouteSocket socket, Action<bool> setLeaving)
{
    /// <summary>So many entries go in one piece: some 50 kB.</summary>
    private const int PieceLength = 256;

    private static readonly IpFamily[] AllFamilies = [IpFamily.V4, IpFamily.V6];

    /// <summary>The answer where BGP is not spoken.</summary>
    public static ControlResponse Off { get; } =
        Sentence(BgpVerb.BadQuestion, "BGP is not spoken on this node: neither routes.mode is bgp nor routes.bgp.enabled true in Kn's config");

    /// <summary>Answers a request.</summary>
    public async Task<ControlResponse> HandleAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        var action = request.Arguments.GetValueOrDefault(BgpVerb.Action, "");
        if (action is BgpVerb.Leave or BgpVerb.Join)
        {
            setLeaving(action == BgpVerb.Leave);
            return Sentence(BgpVerb.Good, action == BgpVerb.Leave
                ? "Service addresses are withdrawn, and peers are asked to prefer other ways; kn bgp join takes it back, and so does a start of the agent"
                : "this node is in service again");
        }

        if (!TryReadFamilies(request, out var families))
        {
            return Sentence(BgpVerb.BadQuestion, "the family is ipv4 or ipv6");
        }

        if (action == BgpVerb.Routes)
        {
            return Pieces(Routes(families), static chunk => JsonSerializer.SerializeToUtf8Bytes(chunk, BgpReportJson.Default.ListBgpRouteReport));
        }

        return host.Speaker is { } speaker
            ? await AskAsync(speaker, action, families, request, cancellationToken)
            : Sentence(BgpVerb.BadQuestion, "the speaker has not started: this node is not in the API yet, or its port is taken; see kn status");
    }

    private async Task<ControlResponse> AskAsync(BgpSpeaker speaker, string action, IpFamily[] families, ControlRequest request, CancellationToken cancellationToken)
    {
        IpAddress? peer = null;
        if (request.Arguments.GetValueOrDefault(BgpVerb.Peer, "") is { Length: > 0 } text)
        {
            if (!IpAddress.TryParse(text, out var parsed))
            {
                return Sentence(BgpVerb.BadQuestion, $"'{text}' is not an address");
            }

            peer = parsed;
        }

        switch (action)
        {
            case BgpVerb.Neighbors:
                var neighbors = await NeighborsAsync(speaker, peer, cancellationToken);
                return peer is not null && neighbors.Count == 0
                    ? Sentence(BgpVerb.BadQuestion, $"there is no peer {peer}")
                    : new ControlResponse(BgpVerb.Good, JsonSerializer.SerializeToUtf8Bytes(neighbors, BgpReportJson.Default.ListBgpNeighborReport));
            case BgpVerb.Rib:
                return await PathsAsync(speaker, peer, families, cancellationToken) is { } paths
                    ? Pieces(paths, static chunk => JsonSerializer.SerializeToUtf8Bytes(chunk, BgpReportJson.Default.ListBgpPathReport))
                    : Sentence(BgpVerb.BadQuestion, $"there is no peer {peer}");
            case BgpVerb.Reset when peer is { } one:
                return await speaker.ResetAsync(one, CeaseReason.AdministrativeReset, cancellationToken)
                    ? Sentence(BgpVerb.Good, $"the session with {one} ends and comes back")
                    : Sentence(BgpVerb.BadQuestion, $"there is no peer {one}");
            default:
                return Sentence(BgpVerb.BadQuestion, $"'{action}' is none of {BgpVerb.Neighbors}, {BgpVerb.Rib}, {BgpVerb.Routes}, {BgpVerb.Reset}, {BgpVerb.Leave} and {BgpVerb.Join}");
        }
    }

    private async Task<List<BgpNeighborReport>> NeighborsAsync(BgpSpeaker speaker, IpAddress? only, CancellationToken cancellationToken)
    {
        var accepted = new Dictionary<IpAddress, int>();
        foreach (var family in AllFamilies)
        {
            foreach (var entry in await speaker.ReadRoutesAsync(family, cancellationToken))
            {
                if (!entry.IsRejected)
                {
                    accepted[entry.Route.Peer] = accepted.GetValueOrDefault(entry.Route.Peer) + 1;
                }
            }
        }

        var reports = new List<BgpNeighborReport>();
        foreach (var status in await speaker.ReadPeersAsync(cancellationToken))
        {
            if (only is null || only == status.Options.Address)
            {
                reports.Add(ReportOf(status, speaker.Options.LocalAs, accepted.GetValueOrDefault(status.Options.Address)));
            }
        }

        return reports;
    }

    private BgpNeighborReport ReportOf(PeerStatus status, uint localAs, int accepted) => new()
    {
        Address = status.Options.Address.ToString(),
        Asn = status.Options.PeerAs,
        LocalAsn = status.Options.LocalAs ?? localAs,
        Description = status.Options.Description,
        State = JsonNamingPolicy.CamelCase.ConvertName(status.State.ToString()),
        SinceSeconds = Math.Round(status.Since.TotalSeconds, 1),
        Sessions = status.Sessions,
        LastEnd = status.LastEnd?.ToString(),
        RouterId = status.Agreement?.RouterId.ToString(),
        LocalAddress = status.Agreement?.LocalAddress.ToString(),
        HoldTimeSeconds = status.Agreement?.HoldTime.TotalSeconds,
        Families = status.Agreement is { } agreed ? Names(agreed.Families) : [],
        Capabilities = status.Agreement is { } known ? Capabilities(known) : [],
        Received = status.ReceivedV4 + status.ReceivedV6,
        Accepted = accepted,
        Advertised = status.ToldV4 + status.ToldV6,
        Stale = status.Stale != FamilySet.None,
        MessagesIn = status.MessagesIn,
        MessagesOut = status.MessagesOut,
        FaultyUpdates = status.FaultyUpdates,
        Bfd = host.Paths.Find(status.Options.Address) is { } path ? JsonNamingPolicy.CamelCase.ConvertName(path.ToString()) : null,
        Md5 = status.Options.Password.Length > 0,
    };

    private static async Task<List<BgpPathReport>?> PathsAsync(BgpSpeaker speaker, IpAddress? toldTo, IpFamily[] families, CancellationToken cancellationToken)
    {
        var reports = new List<BgpPathReport>();
        foreach (var family in families)
        {
            if (toldTo is { } peer)
            {
                if (await speaker.ReadToldAsync(peer, family, cancellationToken) is not { } told)
                {
                    return null;
                }

                reports.AddRange(told.Select(static route => ReportOf(route.Prefix, route.Attributes)));
            }
            else
            {
                reports.AddRange((await speaker.ReadRoutesAsync(family, cancellationToken)).Select(ReportOf));
            }
        }

        return reports;
    }

    private static BgpPathReport ReportOf(RibEntry entry) => ReportOf(entry.Prefix, entry.Route.Attributes) with
    {
        Peer = entry.Route.Kind == RouteKind.Local ? null : entry.Route.Peer.ToString(),
        Best = entry.IsBest,
        InUse = entry.IsInUse,
        Rejected = entry.IsRejected,
        Stale = entry.Route.IsStale,
    };

    private static BgpPathReport ReportOf(IpPrefix prefix, PathAttributes attributes) => new()
    {
        Prefix = prefix.ToString(),
        NextHop = attributes.NextHop.ToString(),
        AsPath = attributes.AsPath.ToString(),
        Origin = attributes.Origin.ToString().ToLowerInvariant(),
        Med = attributes.Med,
        LocalPreference = attributes.LocalPref,
        Communities = [.. attributes.Communities.Select(static community => community.ToString()), .. attributes.LargeCommunities.Select(static community => community.ToString())],
    };

    private IEnumerable<BgpRouteReport> Routes(IpFamily[] families)
    {
        var links = socket.ReadLinks().ToDictionary(static link => link.Index, static link => link.Name);
        foreach (var prefix in learned.Prefixes.Where(prefix => families.Contains(prefix.Family)).Order())
        {
            var installed = target.Find(prefix);
            yield return new BgpRouteReport
            {
                Prefix = prefix.ToString(),
                State = installed is null ? "no next hop is reached" : "installed",
                NextHops = [.. learned.Find(prefix).Select(static hop => hop.ToString())],
                Ways = [.. (installed?.Hops ?? default).Select(hop => new BgpWayReport(hop.Gateway?.ToString(), links.GetValueOrDefault(hop.LinkIndex, $"#{hop.LinkIndex}")))],
            };
        }
    }

    private static ControlResponse Pieces<T>(IEnumerable<T> items, Func<List<T>, byte[]> write) =>
        new(BgpVerb.Good, ReadOnlyMemory<byte>.Empty) { Pieces = PiecesAsync(items, write) };

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> PiecesAsync<T>(IEnumerable<T> items, Func<List<T>, byte[]> write)
    {
        var chunk = new List<T>(PieceLength);
        foreach (var item in items)
        {
            chunk.Add(item);
            if (chunk.Count == PieceLength)
            {
                yield return write(chunk);
                chunk.Clear();
                await Task.Yield();
            }
        }

        yield return write(chunk);
    }

    private static bool TryReadFamilies(ControlRequest request, out IpFamily[] families)
    {
        families = request.Arguments.GetValueOrDefault(BgpVerb.Family, "") switch
        {
            "" => AllFamilies,
            "ipv4" => [IpFamily.V4],
            "ipv6" => [IpFamily.V6],
            _ => [],
        };
        return families.Length > 0;
    }

    private static List<string> Names(FamilySet families) => [.. ((FamilySet[])[FamilySet.V4, FamilySet.V6]).Where(family => (families & family) != 0).Select(static family => family == FamilySet.V4 ? "ipv4" : "ipv6")];

    private static List<string> Capabilities(PeerAgreement agreed)
    {
        var names = new List<string>();
        if (agreed.FourOctetAs)
        {
            names.Add("4-octet-as");
        }

        if (agreed.RouteRefresh)
        {
            names.Add("route-refresh");
        }

        if (agreed.ExtendedNextHop)
        {
            names.Add("extended-nexthop");
        }

        if (agreed.GracefulRestart != FamilySet.None)
        {
            names.Add("graceful-restart");
        }

        return names;
    }

    private static ControlResponse Sentence(int code, string text) => new(code, Encoding.UTF8.GetBytes(text));
}
