using Kn.LoadBalancer.Heartbeats;

namespace Kn.LoadBalancer.Tests.Heartbeats;

/// <summary>Who is alive, by a clock that the test reads out.</summary>
public sealed class LivenessTests
{
    private readonly Liveness _liveness = new(new HeartbeatOptions());
    private long _counter;

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void A_node_is_gone_after_four_heartbeats_that_did_not_come()
    {
        Follow("a");
        Hear("a", NodeState.Up, at: 10);
        Assert.True(IsAlive("a", 10.799));
        Assert.False(IsAlive("a", 10.8));
        Assert.Equal(TimeSpan.FromSeconds(10.8), _liveness.NextDeath(TimeSpan.FromSeconds(10.5)));
    }

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void A_node_that_restarts_keeps_its_addresses_for_the_grace()
    {
        Follow("a");
        Hear("a", NodeState.Restarting, at: 10, grace: 12);
        Assert.True(IsAlive("a", 21.9));
        Assert.False(IsAlive("a", 22));
    }

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void A_node_that_restarted_keeps_its_addresses_while_it_starts()
    {
        Follow("a");
        Hear("a", NodeState.Restarting, at: 10, grace: 12);
        Hear("a", NodeState.Starting, at: 11);
        Hear("a", NodeState.Starting, at: 12);
        Assert.True(IsAlive("a", 21.9));
        Assert.False(IsAlive("a", 22));
    }

    [Fact]
    public void AGraceIsNeverLongerThanTheConfigSays()
    {
        Follow("a");
        Hear("a", NodeState.Restarting, at: 10, grace: 6000);
        Assert.False(IsAlive("a", 25));
    }

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void A_node_that_leaves_is_gone_at_once()
    {
        Follow("a");
        Hear("a", NodeState.Up, at: 10);
        Hear("a", NodeState.Leaving, at: 10.1);
        Assert.False(IsAlive("a", 10.1));
    }

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void A_node_that_starts_has_no_addresses_until_it_says_that_it_is_up()
    {
        Follow("a");
        Hear("a", NodeState.Starting, at: 10);
        Assert.False(IsAlive("a", 10));
        Hear("a", NodeState.Up, at: 10.2);
        Assert.True(IsAlive("a", 10.2));
    }

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void An_old_heartbeat_or_a_replayed_one_changes_nothing()
    {
        Follow("a");
        Hear("a", NodeState.Up, at: 10);
        var old = new Heartbeat("a", NodeState.Up, TimeSpan.Zero, 1, _counter);
        Hear("a", NodeState.Leaving, at: 10.1);
        Assert.False(_liveness.Hear(old, TimeSpan.FromSeconds(10.2)));
        Assert.False(IsAlive("a", 10.2));
        Assert.True(_liveness.Hear(old with { Incarnation = 2, Counter = 0 }, TimeSpan.FromSeconds(10.3)));
        Assert.True(IsAlive("a", 10.3));
    }

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void Who_was_never_heard_of_counts_as_alive_for_a_moment_only()
    {
        Follow("a");
        Assert.True(IsAlive("a", 1.5));
        Assert.False(IsAlive("a", 1.6));
    }

    [Fact]
    public void WhoDoesNotMatter_IsNotListenedTo()
    {
        Follow("a");
        Assert.False(_liveness.Hear(new Heartbeat("b", NodeState.Up, TimeSpan.Zero, 1, 1), TimeSpan.Zero));
        Assert.False(IsAlive("b", 0));
        _liveness.Follow([], TimeSpan.Zero);
        Assert.False(IsAlive("a", 0));
    }

    private void Follow(params string[] nodes) => _liveness.Follow(nodes, TimeSpan.Zero);

    private void Hear(string node, NodeState state, double at, double grace = 0) =>
        Assert.True(_liveness.Hear(new Heartbeat(node, state, TimeSpan.FromSeconds(grace), 1, ++_counter), TimeSpan.FromSeconds(at)));

    private bool IsAlive(string node, double at) => _liveness.IsAlive(node, TimeSpan.FromSeconds(at));
}
