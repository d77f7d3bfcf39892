namespace Kn.LoadBalancer.Heartbeats;

/// <summary>Which nodes are alive, from what was heard of them. No I/O, no clock: time is what the caller says. Not thread-safe.</summary>
internal sealed class Liveness(HeartbeatOptions options)
{
    /// <summary>Who was never heard of counts as alive for so long, from when it began to matter: an agent that starts takes nothing away from nodes that
    /// it has not had time to hear of.</summary>
    internal TimeSpan FirstGrace => options.DeadAfter * 2;

    private readonly Dictionary<string, Peer> _peers = new(StringComparer.Ordinal);

    /// <summary>Sets whom it matters to hear of; what is known of others is forgotten.</summary>
    public void Follow(IReadOnlyCollection<string> nodes, TimeSpan now)
    {
        var wanted = nodes.ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _peers.Keys.Where(name => !wanted.Contains(name)).ToList())
        {
            _peers.Remove(gone);
        }

        foreach (var name in wanted)
        {
            if (!_peers.ContainsKey(name))
            {
                _peers.Add(name, new Peer(NodeState.Up, long.MinValue, 0, now + FirstGrace));
            }
        }
    }

    /// <summary>Takes note of a heartbeat; false for one of a node that does not matter, and for an old one.</summary>
    public bool Hear(in Heartbeat heartbeat, TimeSpan now)
    {
        if (!_peers.TryGetValue(heartbeat.Node, out var peer) || (heartbeat.Incarnation, heartbeat.Counter).CompareTo((peer.Incarnation, peer.Counter)) <= 0)
        {
            return false;
        }

        var until = heartbeat.State switch
        {
            NodeState.Up => now + options.DeadAfter,
            // Never longer than the config of this node says: a claim of another's is no reason to wait for ever.
            NodeState.Restarting => now + (heartbeat.Grace < options.RestartGrace ? heartbeat.Grace : options.RestartGrace),
            // Who restarted and starts is as it was, until it is up or its grace is over.
            NodeState.Starting when peer.State is NodeState.Restarting or NodeState.Starting => peer.AliveUntil,
            _ => now,
        };
        _peers[heartbeat.Node] = new Peer(heartbeat.State, heartbeat.Incarnation, heartbeat.Counter, until);
        return true;
    }

    /// <summary>Whether a node can have addresses, as far as this one knows.</summary>
    public bool IsAlive(string node, TimeSpan now) => _peers.TryGetValue(node, out var peer) && peer.AliveUntil > now;

    /// <summary>All that are alive.</summary>
    public IEnumerable<string> Alive(TimeSpan now) => _peers.Where(pair => pair.Value.AliveUntil > now).Select(static pair => pair.Key);

    /// <summary>When the next of them will be dead, if nothing is heard; null when none is alive.</summary>
    public TimeSpan? NextDeath(TimeSpan now)
    {
        TimeSpan? next = null;
        foreach (var peer in _peers.Values)
        {
            if (peer.AliveUntil > now && (next is null || peer.AliveUntil < next))
            {
                next = peer.AliveUntil;
            }
        }

        return next;
    }

    /// <summary>What the last heartbeat of a node said; null before the first.</summary>
    public NodeState? LastState(string node) => _peers.TryGetValue(node, out var peer) && peer.Incarnation != long.MinValue ? peer.State : null;

    private readonly record struct Peer(NodeState State, long Incarnation, long Counter, TimeSpan AliveUntil);
}
