using System.Diagnostics;

namespace Kn.Policy.NetnsTests;

/// <summary>What a peer may do, and since when. Thread-safe.</summary>
internal sealed class PeerRight
{
    private readonly Lock _lock = new();
    private RightAt _now = new(RightState.Denied, Stopwatch.GetTimestamp());

    public RightAt Read()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public void Set(RightState state)
    {
        lock (_lock)
        {
            _now = new RightAt(state, Stopwatch.GetTimestamp());
        }
    }
}

/// <summary>A right, and when it began.</summary>
internal readonly record struct RightAt(RightState State, long Since);

/// <summary>The rights.</summary>
internal enum RightState
{
    /// <summary>A denial is on its way.</summary>
    Unclear,

    /// <summary>The allowance is visible.</summary>
    Allowed,

    /// <summary>The denial is in place.</summary>
    Denied,
}
