using Kn.Hosting.Health;
using Kn.Hosting.Modules;

namespace Kn.Hosting.Agent;

/// <summary>Notices when the agent becomes ready.</summary>
internal sealed class ReadyTracker
{
    private readonly AgentHealth _health;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ReadyTracker(AgentHealth health, IReadOnlyList<ModuleStatus> modules)
    {
        _health = health;
        foreach (var module in modules)
        {
            module.Changed += Check;
        }
    }

    internal Task WhenReady => _ready.Task;

    /// <summary>Looks again; for what is not a module's status.</summary>
    internal void Check()
    {
        if (!_ready.Task.IsCompleted && _health.Ready().IsGood)
        {
            _ready.TrySetResult();
        }
    }
}
