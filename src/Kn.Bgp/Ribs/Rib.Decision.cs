using System.Buffers;
using System.Runtime.InteropServices;
using Kn.Bgp.Messages;
using Kn.Bgp.Policies;
using Kn.Primitives;

namespace Kn.Bgp.Ribs;

/// <content>Deciding, and telling the peers.</content>
internal sealed partial class Rib
{
    private readonly List<BgpRoute> _chosen = [];
    private readonly List<PrefixKey> _keys = [];

    /// <summary>True when paths changed since the last decision.</summary>
    internal bool IsDirty => _v4.Dirty.Count + _v6.Dirty.Count > 0;

    /// <summary>Chooses anew for every prefix whose paths changed, and notes which peers are to be told.</summary>
    internal void Decide(IRibObserver observer)
    {
        foreach (var table in Tables(FamilySet.Both))
        {
            foreach (var row in table.Dirty)
            {
                Decide(table, row, observer);
            }

            table.Dirty.Clear();
            if (table.Dirty.Capacity > 4096)
            {
                table.Dirty.Capacity = 0;
            }
        }
    }

    /// <summary>A session is there: the peer is to be told everything.</summary>
    internal void SessionBegan(RibPeer peer)
    {
        foreach (var table in Tables(peer.Families))
        {
            for (var row = 1; row <= table.HighestRow; row++)
            {
                if (table.IsInUse(row) && BestOf(table, row) != 0)
                {
                    peer.Out(table.Family).MarkPending(table, row);
                }
            }
        }
    }

    /// <summary>The peer asked for everything again.</summary>
    internal void TellAgain(RibPeer peer, IpFamily family) => peer.Out(family).TellAgain(Table(family), Attributes);

    /// <summary>The peer's export policy changed: everything is looked at again, and what differs is told.</summary>
    internal void PolicyChanged(RibPeer peer) => SessionBegan(peer);

    /// <summary>No session any more: what the peer was told is forgotten.</summary>
    internal void SessionEnded(RibPeer peer)
    {
        peer.Families = FamilySet.None;
        foreach (var table in Tables(FamilySet.Both))
        {
            peer.Out(table.Family).Clear(table, Attributes);
        }
    }

    /// <summary>Writes what a peer is to be told, of at most so many prefixes.</summary>
    /// <returns>True when there is more.</returns>
    internal bool Tell(RibPeer peer, IpFamily family, UpdateWriter writer, IBufferWriter<byte> output, int most)
    {
        var table = Table(family);
        var batch = new TellBatch(this, peer, table);
        foreach (var row in peer.Out(family).TakePending(table, most))
        {
            batch.Add(row);
        }

        batch.Write(writer, output, _keys);
        return peer.Out(family).HasPending;
    }

    /// <summary>Looks at prefixes with all their paths, those that are not used too.</summary>
    internal void Visit(IpFamily family, Action<IpPrefix, BgpRoute, PathFlags> visitor)
    {
        var table = Table(family);
        for (var row = 1; row <= table.HighestRow; row++)
        {
            for (var path = table.IsInUse(row) ? table.Row(row).FirstPath : 0; path != 0; path = table.Path(path).Next)
            {
                visitor(table.Row(row).Key.ToPrefix(family), ToRoute(table.Path(path)), table.Path(path).Flags);
            }
        }
    }

    /// <summary>Looks at what a peer was told.</summary>
    internal void VisitTold(RibPeer peer, IpFamily family, Action<IpPrefix, Attributes.PathAttributes> visitor)
    {
        var table = Table(family);
        for (var row = 1; row <= table.HighestRow; row++)
        {
            if (peer.Out(family).Told(row) is > 0 and var told)
            {
                visitor(table.Row(row).Key.ToPrefix(family), Attributes[told]);
            }
        }
    }

    private void Decide(RibTable table, int row, IRibObserver observer)
    {
        var touched = table.Row(row).Flags;
        table.Row(row).Flags &= ~(RowFlags.Dirty | RowFlags.BestTouched | RowFlags.SetTouched);
        _selection.Clear();
        for (var path = table.Row(row).FirstPath; path != 0; path = table.Path(path).Next)
        {
            ref var candidate = ref table.Path(path);
            if ((candidate.Flags & PathFlags.Rejected) == 0)
            {
                _selection.Add(path, Attributes[candidate.Attributes], _peers[candidate.Peer]!);
            }
        }

        _selection.Choose();
        var changed = Mark(table, row);
        if (((changed & PathFlags.InUse) != 0) || (touched & RowFlags.SetTouched) != 0)
        {
            Publish(table, row, observer);
        }

        if (((changed & PathFlags.Best) != 0) || (touched & RowFlags.BestTouched) != 0)
        {
            MarkPending(table, row);
        }

        table.RemoveIfUnused(row);
    }

    /// <summary>Marks what was chosen, and returns which marks moved.</summary>
    private PathFlags Mark(RibTable table, int row)
    {
        var moved = PathFlags.None;
        for (var number = table.Row(row).FirstPath; number != 0; number = table.Path(number).Next)
        {
            var rank = -1;
            for (var i = 0; i < _selection.Chosen.Count && rank < 0; i++)
            {
                rank = _selection.Chosen[i].Path == number ? i : -1;
            }

            ref var path = ref table.Path(number);
            var marks = rank == 0 ? PathFlags.Best | PathFlags.InUse : rank > 0 ? PathFlags.InUse : PathFlags.None;
            moved |= (path.Flags ^ marks) & (PathFlags.Best | PathFlags.InUse);
            path.Flags = (path.Flags & ~(PathFlags.Best | PathFlags.InUse)) | marks;
        }

        return moved;
    }

    private void Publish(RibTable table, int row, IRibObserver observer)
    {
        _chosen.Clear();
        foreach (var candidate in _selection.Chosen)
        {
            _chosen.Add(ToRoute(table.Path(candidate.Path)));
        }

        observer.Changed(table.Row(row).Key.ToPrefix(table.Family), CollectionsMarshal.AsSpan(_chosen));
    }

    private BgpRoute ToRoute(in RibPath path)
    {
        var peer = _peers[path.Peer]!;
        return new BgpRoute(Attributes[path.Attributes], peer.Options.Address, peer.Options.Kind, (path.Flags & PathFlags.Stale) != 0);
    }

    private void MarkPending(RibTable table, int row)
    {
        foreach (var peer in _peers)
        {
            if (peer is not null && peer.Families.Has(table.Family))
            {
                peer.Out(table.Family).MarkPending(table, row);
            }
        }
    }

    private static int BestOf(RibTable table, int row)
    {
        var path = table.Row(row).FirstPath;
        while (path != 0 && (table.Path(path).Flags & PathFlags.Best) == 0)
        {
            path = table.Path(path).Next;
        }

        return path;
    }

    /// <summary>What one peer is told at once: rows are grouped by what is said of them, so that a message carries many.</summary>
    private sealed class TellBatch(Rib rib, RibPeer peer, RibTable table)
    {
        private readonly List<PrefixKey> _withdrawn = [];
        private readonly List<(int Attributes, int Row)> _announced = [];
        private readonly Dictionary<(int Attributes, ushort Source, int Rule), int> _rewritten = [];

        /// <summary>Finds out what is to be said of a prefix, if that is news.</summary>
        internal void Add(int row)
        {
            var peerOut = peer.Out(table.Family);
            var told = peerOut.Told(row);
            var attributes = Export(row);
            if (attributes == told)
            {
                table.RemoveIfUnused(row);
                return;
            }

            if (attributes == 0)
            {
                _withdrawn.Add(table.Row(row).Key);
            }
            else
            {
                rib.Attributes.Take(attributes);
                _announced.Add((attributes, row));
            }

            rib.Attributes.Release(Math.Max(0, peerOut.Tell(table, row, attributes)));
            table.RemoveIfUnused(row);
        }

        internal void Write(UpdateWriter writer, IBufferWriter<byte> output, List<PrefixKey> keys)
        {
            writer.Withdraw(output, table.Family, CollectionsMarshal.AsSpan(_withdrawn));
            _announced.Sort();
            for (var start = 0; start < _announced.Count;)
            {
                var attributes = _announced[start].Attributes;
                var first = start;
                keys.Clear();
                for (; start < _announced.Count && _announced[start].Attributes == attributes; start++)
                {
                    keys.Add(table.Row(_announced[start].Row).Key);
                }

                if (!writer.TryAnnounce(output, table.Family, rib.Attributes[attributes], CollectionsMarshal.AsSpan(keys)))
                {
                    // What it was told before is wrong now, and the truth does not fit into a message.
                    writer.Withdraw(output, table.Family, CollectionsMarshal.AsSpan(keys));
                    Forget(first, start);
                }
            }

            foreach (var number in _rewritten.Values)
            {
                rib.Attributes.Release(number);
            }
        }

        private void Forget(int first, int end)
        {
            peer.Untellable += end - first;
            for (var i = first; i < end; i++)
            {
                rib.Attributes.Release(Math.Max(0, peer.Out(table.Family).Tell(table, _announced[i].Row, 0)));
                table.RemoveIfUnused(_announced[i].Row);
            }
        }

        /// <summary>The number of what is said of a prefix; 0: nothing.</summary>
        private int Export(int row)
        {
            var best = BestOf(table, row);
            if (best == 0)
            {
                return 0;
            }

            ref var path = ref table.Path(best);
            var source = rib._peers[path.Peer]!;
            var attributes = rib.Attributes[path.Attributes];
            if (!ExportRules.MayTell(peer, source, attributes))
            {
                return 0;
            }

            var policy = peer.Options.Export;
            var rule = policy.IsAcceptAll ? 0 : policy.Find(table.Row(row).Key.ToPrefix(table.Family), attributes, source.Options.Kind == RouteKind.Local);
            return rule == RoutePolicy.Rejected ? 0 : Rewrite(path.Attributes, source, policy.Rules[rule], rule);
        }

        /// <summary>Prefixes that share what is said of them share the work, too; each result is held until all is written.</summary>
        private int Rewrite(int attributes, RibPeer source, RouteRule rule, int ruleNumber)
        {
            if (_rewritten.TryGetValue((attributes, source.Number, ruleNumber), out var known))
            {
                return known;
            }

            var told = ExportRules.Rewrite(peer, source, table.Family, rib.Attributes[attributes], rule, rib._clusterId);
            var number = told is null ? 0 : rib.Attributes.Take(told);
            _rewritten.Add((attributes, source.Number, ruleNumber), number);
            return number;
        }
    }
}
