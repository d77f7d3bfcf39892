using Kn.Bgp.Attributes;
using Kn.Bgp.Messages;
using Kn.Bgp.Policies;
using Kn.Primitives;

namespace Kn.Bgp.Ribs;

/// <summary>All prefixes with all paths: what peers told (Adj-RIB-In), what is chosen (Loc-RIB) and what peers are told (Adj-RIB-Out).</summary>
/// <remarks>RFC 4271 §3.2. One table serves the three: a path is told by one peer, and marked when it is chosen. What was changed is decided
/// and told in batches: first decided, then told. For one thread.</remarks>
internal sealed partial class Rib
{
    private readonly BgpSpeakerOptions _options;
    private readonly uint _routerId;
    private readonly uint _clusterId;
    private readonly PathSelection _selection;
    private readonly List<RibPeer?> _peers = [];
    private readonly RibTable _v4 = new(IpFamily.V4);
    private readonly RibTable _v6 = new(IpFamily.V6);

    internal Rib(BgpSpeakerOptions options)
    {
        _options = options;
        _routerId = (uint)options.RouterId.Number;
        _clusterId = (uint)(options.ClusterId ?? options.RouterId).Number;
        _selection = new PathSelection(options);
        Local = AddPeer(new RibPeerOptions { Kind = RouteKind.Local, LocalAs = options.LocalAs });
        Local.RouterId = _routerId;
    }

    /// <summary>Stands for this speaker's own routes.</summary>
    internal RibPeer Local { get; }

    internal AttributeTable Attributes { get; } = new();

    /// <summary>How many prefixes of a family there are.</summary>
    internal int Count(IpFamily family) => Table(family).Count;

    internal RibPeer AddPeer(RibPeerOptions options)
    {
        var free = _peers.IndexOf(null);
        var number = free >= 0 ? free : _peers.Count;
        var peer = new RibPeer(checked((ushort)number), options);
        if (free >= 0)
        {
            _peers[free] = peer;
        }
        else
        {
            _peers.Add(peer);
        }

        return peer;
    }

    /// <summary>Removes a peer with all it told.</summary>
    internal void RemovePeer(RibPeer peer)
    {
        SessionEnded(peer);
        RemovePaths(peer, FamilySet.Both, staleOnly: false);
        _peers[peer.Number] = null;
    }

    /// <summary>A peer told prefixes that share their attributes.</summary>
    /// <param name="peer">Who.</param>
    /// <param name="family">Their family.</param>
    /// <param name="prefixes">As they stand in the message.</param>
    /// <param name="attributes">As they were read.</param>
    internal void Announce(RibPeer peer, IpFamily family, ReadOnlySpan<byte> prefixes, PathAttributes attributes)
    {
        var isLooped = IsLooped(peer, attributes);
        var import = peer.Options.Import;
        var reader = new NlriReader(family, prefixes);
        var lastRule = int.MinValue;
        var number = 0;
        while (reader.TryRead(out var key))
        {
            var rule = isLooped ? RoutePolicy.Rejected : import.IsAcceptAll ? 0 : import.Find(key.ToPrefix(family), attributes, isLocal: false);
            if (rule != lastRule)
            {
                Attributes.Release(number);
                number = Attributes.Take(rule == RoutePolicy.Rejected ? attributes : Imported(peer, attributes, import.Rules[rule]));
                lastRule = rule;
            }

            SetPath(peer, Table(family), key, number, rule == RoutePolicy.Rejected ? PathFlags.Rejected : PathFlags.None);
        }

        Attributes.Release(number);
    }

    /// <summary>A peer took prefixes back.</summary>
    internal void Withdraw(RibPeer peer, IpFamily family, ReadOnlySpan<byte> prefixes)
    {
        var reader = new NlriReader(family, prefixes);
        while (reader.TryRead(out var key))
        {
            Withdraw(peer, family, key);
        }
    }

    /// <summary>This speaker announces a prefix, or announces it otherwise.</summary>
    internal void Announce(LocalRoute route)
    {
        var number = Attributes.Take(route.Attributes);
        SetPath(Local, Table(route.Prefix.Family), PrefixKey.Of(route.Prefix), number, PathFlags.None);
        Attributes.Release(number);
    }

    /// <summary>This speaker announces a prefix no more.</summary>
    internal void Withdraw(IpPrefix prefix) => Withdraw(Local, prefix.Family, PrefixKey.Of(prefix));

    /// <summary>All that the peer told is in doubt until it tells it again.</summary>
    internal void MarkStale(RibPeer peer, FamilySet families)
    {
        foreach (var table in Tables(families))
        {
            for (var row = 1; row <= table.HighestRow; row++)
            {
                var path = table.IsInUse(row) ? table.FindPath(row, peer.Number) : 0;
                if (path != 0)
                {
                    table.Path(path).Flags |= PathFlags.Stale;
                }
            }
        }
    }

    /// <summary>Removes what the peer told.</summary>
    internal void RemovePaths(RibPeer peer, FamilySet families, bool staleOnly)
    {
        foreach (var table in Tables(families))
        {
            for (var row = 1; row <= table.HighestRow && peer.Received(table.Family) > 0; row++)
            {
                var path = table.IsInUse(row) ? table.FindPath(row, peer.Number) : 0;
                if (path != 0 && (!staleOnly || (table.Path(path).Flags & PathFlags.Stale) != 0))
                {
                    RemovePath(peer, table, row, path);
                }
            }
        }
    }

    /// <summary>Every prefix is decided anew: next hops came or went.</summary>
    internal void MarkAllDirty()
    {
        foreach (var table in Tables(FamilySet.Both))
        {
            for (var row = 1; row <= table.HighestRow; row++)
            {
                if (table.IsInUse(row))
                {
                    table.MarkDirty(row, PathFlags.None);
                }
            }
        }
    }

    private RibTable Table(IpFamily family) => family == IpFamily.V4 ? _v4 : _v6;

    private IEnumerable<RibTable> Tables(FamilySet families) => FamilySetExtensions.All.Where(family => families.Has(family)).Select(Table);

    private void SetPath(RibPeer peer, RibTable table, in PrefixKey key, int attributes, PathFlags flags)
    {
        var row = table.FindOrAdd(key);
        var number = table.FindPath(row, peer.Number);
        var isNew = number == 0;
        if (isNew)
        {
            number = table.AddPath(row, peer.Number);
            peer.Received(table.Family)++;
        }

        ref var path = ref table.Path(number);
        if (!isNew && path.Attributes == attributes && (path.Flags & PathFlags.Rejected) == flags)
        {
            path.Flags &= ~PathFlags.Stale;
            return;
        }

        var before = path.Flags;
        Attributes.Take(attributes);
        Attributes.Release(path.Attributes);
        path.Attributes = attributes;
        path.Flags = flags | (before & (PathFlags.Best | PathFlags.InUse));
        table.MarkDirty(row, before);
    }

    private void Withdraw(RibPeer peer, IpFamily family, in PrefixKey key)
    {
        var table = Table(family);
        var row = table.Find(key);
        var path = row == 0 ? 0 : table.FindPath(row, peer.Number);
        if (path != 0)
        {
            RemovePath(peer, table, row, path);
        }
    }

    private void RemovePath(RibPeer peer, RibTable table, int row, int path)
    {
        table.MarkDirty(row, table.Path(path).Flags);
        Attributes.Release(table.Path(path).Attributes);
        table.RemovePath(row, path);
        peer.Received(table.Family)--;
    }

    /// <summary>RFC 4271 §9.1.2 (own AS), RFC 4456 §8 (own identifier, own cluster), RFC 4271 §5.1.3 (own address).</summary>
    private bool IsLooped(RibPeer peer, PathAttributes attributes) =>
        attributes.AsPath.CountOf(peer.Options.LocalAs) > peer.Options.AllowOwnAs
        || attributes.OriginatorId == _routerId
        || attributes.ClusterList.AsSpan().Contains(_clusterId)
        || attributes.NextHop == peer.SessionAddress;

    private static PathAttributes Imported(RibPeer peer, PathAttributes attributes, RouteRule rule)
    {
        // RFC 8326 §4: what will go away is used only where nothing else is.
        var isGoing = peer.Options.Kind == RouteKind.External && attributes.Has(Community.GracefulShutdown);
        return rule.Changes.Apply(isGoing ? attributes with { LocalPref = 0 } : attributes, peer.Options.LocalAs);
    }
}
