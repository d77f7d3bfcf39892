using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Services;

/// <summary>Tells which Services this node's proxy has put in place: who gives out their addresses waits for it, so that a name answers no
/// earlier than its Service can be reached. Thread-safe.</summary>
/// <remarks>The module ServiceProxy says it, the module Dns asks. Where no proxy of Kn's runs, nobody says anything and nobody waits.</remarks>
public sealed class ProgrammedServices
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ClusterSnapshot? _settled;
    private bool _isExpected;

    /// <summary>True when a proxy runs in this process: what is not in place yet will be.</summary>
    public bool IsExpected
    {
        get
        {
            lock (_lock)
            {
                return _isExpected;
            }
        }
    }

    /// <summary>Says that a proxy is at work, or no longer.</summary>
    public void Expect(bool isExpected)
    {
        lock (_lock)
        {
            _isExpected = isExpected;
            Wake();
        }
    }

    /// <summary>Says that everything which this snapshot's Services ask for is in the kernel.</summary>
    public void Settle(ClusterSnapshot cluster)
    {
        lock (_lock)
        {
            _settled = cluster;
            Wake();
        }
    }

    /// <summary>Returns when a settled snapshot satisfies the condition, or when no proxy is expected to settle any.</summary>
    public async Task WhenAsync(Func<ClusterSnapshot, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (!_isExpected || (_settled is { } settled && condition(settled)))
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private void Wake()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }
}
