namespace Kn.LoadBalancer.Heartbeats;

/// <summary>What a node says of itself.</summary>
internal enum NodeState : byte
{
    /// <summary>It answers for its addresses.</summary>
    Up = 1,

    /// <summary>Its agent works, but cannot have addresses yet.</summary>
    Starting = 2,

    /// <summary>Its agent stops and comes back: it keeps its addresses for a while, although nothing is heard of it.</summary>
    Restarting = 3,

    /// <summary>It goes: others take over while it still answers.</summary>
    Leaving = 4,
}
