using Kn.Primitives;

namespace Kn.Hosting.Pods;

/// <summary>What CNI ADD waits for. A module that must have prepared the node before a new pod runs (policy, DNS) registers a gate;
/// ADD calls every gate after the pod is attached and before it answers.</summary>
public sealed class PodGates
{
    private readonly Lock _lock = new();
    private ValueList<PodGate> _gates;

    /// <summary>The registered gates.</summary>
    public ValueList<PodGate> All
    {
        get
        {
            lock (_lock)
            {
                return _gates;
            }
        }
    }

    /// <summary>Registers a gate until the returned registration is disposed.</summary>
    /// <param name="name">Who is waited for, for the error when the deadline passes.</param>
    /// <param name="waitAsync">Returns when the node is ready for the pod. Called on every ADD, possibly many at once.</param>
    /// <param name="reason">What the gate still waits for, for the same error: the end of "policy waits for …"; null where the name says it all.</param>
    public IDisposable Register(string name, Func<AttachedPod, CancellationToken, Task> waitAsync, Func<AttachedPod, string>? reason = null)
    {
        var gate = new PodGate(name, waitAsync) { Reason = reason };
        lock (_lock)
        {
            _gates = _gates.Append(gate).ToValueList();
        }

        return new Registration(this, gate);
    }

    private void Remove(PodGate gate)
    {
        lock (_lock)
        {
            _gates = _gates.Where(other => !ReferenceEquals(other, gate)).ToValueList();
        }
    }

    private sealed class Registration(PodGates gates, PodGate gate) : IDisposable
    {
        public void Dispose() => gates.Remove(gate);
    }
}

/// <summary>A gate: its name, and the wait.</summary>
public sealed record PodGate(string Name, Func<AttachedPod, CancellationToken, Task> WaitAsync)
{
    /// <summary>Says what a pod still waits for; null where the name says it all.</summary>
    public Func<AttachedPod, string>? Reason { get; init; }

    /// <summary>Who is late, and for what, in an error.</summary>
    public string Describe(AttachedPod pod) => Reason is null ? Name : $"{Name}, which waits for {Reason(pod)}";
}
