using Kn.Hosting.Control;
using Kn.Hosting.Events;
using Kn.Hosting.Leading;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Hosting.Reconciling;
using Kn.Hosting.Services;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Agent;

/// <summary>The modules of an agent with what they are given.</summary>
internal sealed class AgentModules
{
    private readonly AgentOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ClusterCache _cache;
    private readonly ControlHandlers _control;
    private readonly TimeProvider _time;
    private readonly IStoredSockets _sockets;
    private readonly PodGates _gates = new();
    private readonly AttachedPods _attachedPods = new();
    private readonly BulkChanges _bulk = new();
    private readonly EncapsulationOverhead _encapsulation = new();
    private readonly ForwardingMemory _forwarding = new();
    private readonly ProgrammedServices _programmedServices = new();
    private readonly AddressAnnouncement _announcement = new();

    /// <summary>What modules tell the cluster.</summary>
    internal EventRecorder Events { get; }

    internal AgentModules(AgentOptions options, ClusterCache cache, ControlHandlers control, MetricRegistry metrics, ILoggerFactory loggers, TimeProvider time, IStoredSockets? sockets = null)
    {
        _options = options;
        _loggers = loggers;
        _cache = cache;
        _control = control;
        _time = time;
        _sockets = sockets ?? new NothingStored();
        Metrics = metrics;
        Events = new EventRecorder(options.Node.Name, metrics, loggers, time);
        Enabled = [.. options.Modules.Where(static section => section.Enabled).Select(section => new SupervisedModule(section, ContextFor(section)))];
        Disabled = [.. options.Modules.Where(static section => !section.Enabled).Select(section => new SupervisedModule(section, ContextFor(section)))];
    }

    internal MetricRegistry Metrics { get; }

    /// <summary>Where modules stand for election.</summary>
    internal ClusterLeadership Leadership { get; } = new();

    /// <summary>Where the API server is found, once there is a connection; before that there is none.</summary>
    internal Func<ApiClient?> Api { get; set; } = static () => null;

    internal IReadOnlyList<SupervisedModule> Enabled { get; }

    internal IReadOnlyList<SupervisedModule> Disabled { get; }

    internal IReadOnlyList<WatchRequest> Watches => NodeWatches.Of(Enabled.SelectMany(static module => module.Create().Watches), _options.Node.Name);

    /// <summary>Lets requests that come before a module has started wait for it, instead of being told that nobody answers.</summary>
    internal void ExpectHandlers()
    {
        foreach (var module in Enabled.Concat(Disabled))
        {
            _control.Expect(module.Name);
        }
    }

    /// <summary>Removes what modules left that have been switched off since; a failure is logged and tried again at the next start.</summary>
    internal async Task CleanUpDisabledAsync(CancellationToken cancellationToken)
    {
        var logger = _loggers.CreateLogger("modules");
        foreach (var module in Disabled)
        {
            try
            {
                await module.Create().CleanupAsync(module.Context, cancellationToken);
                _control.SetOff(module.Name);
                ModuleLog.Cleaned(logger, module.Name);
            }
#pragma warning disable CA1031 // The supervisor boundary: a module that is off must not stop those that are on.
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                module.Context.Status.Failed(exception.Message);
                ModuleLog.CleanupFailed(logger, exception, module.Name);
            }
        }
    }

    private ModuleContext ContextFor(ModuleSection section) => new()
    {
        Node = _options.Node,
        Cache = _cache,
        Loggers = _loggers,
        Metrics = Metrics,
        Control = _control,
        Status = new ModuleStatus(section.Entry.Name, _time),
        PodGates = _gates,
        AttachedPods = _attachedPods,
        Bulk = _bulk,
        Events = Events,
        Encapsulation = _encapsulation,
        Forwarding = _forwarding,
        ProgrammedServices = _programmedServices,
        Announcement = _announcement,
        StoredSockets = _sockets,
        Leadership = Leadership,
        Api = () => Api(),
        Time = _time,
    };
}
