using Kn.Primitives;

namespace Kn.Hosting.Modules;

/// <summary>What a module says of itself in <c>kn status</c>, <c>/healthz</c> and <c>/readyz</c>. Thread-safe.</summary>
/// <remarks>A module has parts: one for each reconcile loop (made by the loop), and one for each other thing that must work before
/// the module does its job (a server that listens). Parts are made before RunAsync's first await. The module is ready when it runs
/// and every part has been ready once; one without parts is ready as soon as it runs.</remarks>
public sealed class ModuleStatus
{
    private readonly Lock _lock = new();
    private readonly List<StatusPart> _parts = [];
    private readonly Dictionary<string, string> _facts = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private ModuleState _state = ModuleState.Starting;
    private string? _lastError;
    private int _restarts;

    /// <summary>The status of a module that has not started.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="time">The clock by which parts tell for how long they have failed; null for the system's.</param>
    public ModuleStatus(string name, TimeProvider? time = null)
    {
        Name = name;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Name of the module and of its config section.</summary>
    public string Name { get; }

    /// <summary>Raised after the state or a part's readiness changed, on whatever thread changed it.</summary>
    internal event Action? Changed;

    /// <summary>The part of that name; made on the first call.</summary>
    /// <param name="name">Unique in the module, such as a target's name.</param>
    public StatusPart Part(string name)
    {
        lock (_lock)
        {
            var part = _parts.Find(part => string.Equals(part.Name, name, StringComparison.Ordinal));
            if (part is null)
            {
                part = new StatusPart(name, () => Changed?.Invoke(), _time);
                _parts.Add(part);
            }

            return part;
        }
    }

    /// <summary>Says something that an operator wants to see in <c>kn status</c>, such as ("pool", "10.244.1.0/24, 12 of 254 used").</summary>
    /// <param name="name">A word in camelCase.</param>
    /// <param name="value">Its value; null takes it away.</param>
    public void SetFact(string name, string? value)
    {
        lock (_lock)
        {
            if (value is null)
            {
                _facts.Remove(name);
            }
            else
            {
                _facts[name] = value;
            }
        }
    }

    /// <summary>The status as it is now.</summary>
    public ModuleStatusSnapshot Read()
    {
        lock (_lock)
        {
            return new ModuleStatusSnapshot
            {
                Name = Name,
                State = _state,
                Restarts = _restarts,
                LastError = _lastError,
                Facts = _facts.ToValueMap(),
                Parts = _parts.Select(static part => part.Read()).ToValueList(),
            };
        }
    }

    internal void Running() => Set(ModuleState.Running);

    internal void Stopped() => Set(ModuleState.Stopped);

    internal void Failed(string error)
    {
        lock (_lock)
        {
            _state = ModuleState.Failed;
            _lastError = error;
            _restarts++;
        }

        Changed?.Invoke();
    }

    /// <summary>A part of an earlier run says nothing of the next.</summary>
    internal void ForgetParts()
    {
        lock (_lock)
        {
            _parts.Clear();
        }
    }

    private void Set(ModuleState state)
    {
        lock (_lock)
        {
            _state = state;
        }

        Changed?.Invoke();
    }
}

/// <summary>Where a module is in its life.</summary>
public enum ModuleState
{
    /// <summary>Not run yet.</summary>
    Starting,

    /// <summary>At work.</summary>
    Running,

    /// <summary>Ended by an exception; waits to be started again.</summary>
    Failed,

    /// <summary>Ended by the agent's stop.</summary>
    Stopped,
}
