using Kn.Hosting.Control;
using Kn.Hosting.Health;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Agent;

/// <summary>The agent: the cache, the modules, the control socket and the health endpoint, from start to stop.</summary>
public sealed class AgentHost
{
    private readonly AgentOptions _options;
    private readonly string _version;
    private readonly ConnectCluster _connect;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly MetricRegistry _metrics = new();
    private readonly ControlHandlers _control = new();
    private readonly ClusterCache _cache = new();

    /// <summary>An agent that has not started.</summary>
    /// <param name="options">The config.</param>
    /// <param name="version">Kn's version.</param>
    /// <param name="connect">How the cache is filled.</param>
    /// <param name="loggers">All loggers come from here.</param>
    /// <param name="time">The clock.</param>
    public AgentHost(AgentOptions options, string version, ConnectCluster connect, ILoggerFactory loggers, TimeProvider time)
    {
        _options = options;
        _version = version;
        _connect = connect;
        _loggers = loggers;
        _time = time;
        _logger = loggers.CreateLogger("agent");
    }

    /// <summary>What the last process left with the service manager, and what this one leaves.</summary>
    public IStoredSockets StoredSockets { get; init; } = new NothingStored();

    /// <summary>Runs until cancelled, or until it cannot go on.</summary>
    /// <returns>True after a stop that was asked for.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        using var single = AgentLock.TryTake(_options.Node.Paths.Run);
        if (single is null)
        {
            AgentLog.AlreadyRunning(_logger, _options.Node.Paths.Run);
            return false;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await RunAloneAsync(stop, cancellationToken);
            AgentLog.Stopped(_logger);
            return true;
        }
#pragma warning disable CA1031 // The outermost supervisor boundary: the fault is logged, and the process ends with a code.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            AgentLog.Failed(_logger, exception);
            return false;
        }
    }

    private async Task RunAloneAsync(CancellationTokenSource stop, CancellationToken asked)
    {
        using var systemd = new SystemdNotifier(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"), Environment.GetEnvironmentVariable("WATCHDOG_USEC"));
        using var server = new ControlServer(_options.Node.Paths.Socket, _control, _metrics, _loggers, _time);
        var modules = new AgentModules(_options, _cache, _control, _metrics, _loggers, _time, StoredSockets);
        AgentLog.Starting(_logger, _version, _options.Node.Name, string.Join(", ", modules.Enabled.Select(static module => module.Name)));
        await using var connection = PatientConnection.Start(_connect, _options, _cache, modules.Watches, _loggers, _time);
        modules.Api = () => connection.Client;
        IReadOnlyList<ModuleStatus> statuses = [.. modules.Enabled.Select(static module => module.Context.Status)];
        var health = new AgentHealth(_cache, statuses, () => connection.Problem);
        var ready = new ReadyTracker(health, statuses);
        var report = new StatusReport(_options.Node.Name, _version, modules, health, _cache, connection);
        _control.Set(StatusReport.Verb, report.HandleAsync);
        modules.ExpectHandlers();

        var supervisor = new ModuleSupervisor(modules.Enabled, _loggers, _time).RunAsync(stop.Token);
        Task[] work =
        [
            supervisor,
            server.RunAsync(stop.Token),
            connection.Completion.WaitAsync(stop.Token),
            TellWhenReadyAsync(ready, report, systemd, stop.Token),
            ServeHttpAsync(health, stop.Token),
            modules.CleanUpDisabledAsync(stop.Token),
            modules.Events.RunAsync(() => connection.Client, stop.Token),
            modules.Leadership.RunAsync(_options.Node.Name, modules.Api, _cache, _loggers.CreateLogger("leader"), _time, stop.Token),
            MemoryTrim.OfProcess(_time).RunAsync(stop.Token),
            systemd.RunWatchdogAsync(() => !health.IsStuck(), _time, stop.Token),
        ];
        systemd.Ready("starting");
        await UntilAskedOrFailedAsync(work, stop, systemd, asked);
    }

    private async Task UntilAskedOrFailedAsync(Task[] work, CancellationTokenSource stop, SystemdNotifier systemd, CancellationToken asked)
    {
        List<Task> left = [.. work];
        while (!asked.IsCancellationRequested && left.Count > 0)
        {
            // Tasks that are done with their job (cleaning up, telling) end early; one that fails ends the agent.
            var ended = await Task.WhenAny(left);
            left.Remove(ended);
            if (ended.IsFaulted)
            {
                break;
            }
        }

        AgentLog.Stopping(_logger);
        systemd.Stopping();
        await stop.CancelAsync();
        await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var failed = work.FirstOrDefault(static task => task.IsFaulted);
        if (failed is not null)
        {
            await failed;
        }
    }

    private async Task TellWhenReadyAsync(ReadyTracker ready, StatusReport report, SystemdNotifier systemd, CancellationToken cancellationToken)
    {
        ready.Check();
        await ready.WhenReady.WaitAsync(cancellationToken);
        var seconds = ProcessMetrics.ProcessAge().TotalSeconds;
        report.StartSeconds = Math.Round(seconds, 3);
        _metrics.Gauge("kn_start_seconds", "Time from the start of the process until everything was in place.").Set(seconds);
        AgentLog.Started(_logger, seconds);
        systemd.Status("everything is in place");
        if (StoredSockets.RemoveUntaken() is { Count: > 0 } unwanted)
        {
            AgentLog.SocketsUnwanted(_logger, string.Join(", ", unwanted));
        }
    }

    private async Task ServeHttpAsync(AgentHealth health, CancellationToken cancellationToken)
    {
        if (_options.Listen.HttpEndPoint() is not { } address)
        {
            return;
        }

        // Off the path to a programmed kernel: building Kestrel takes longer than programming a small cluster.
        await Task.Yield();
        ProcessMetrics.Register(_metrics, _version, _time.GetUtcNow() - ProcessMetrics.ProcessAge());
        await using var endpoint = new HttpEndpoint(address, _metrics, health);
        try
        {
            await endpoint.StartAsync(cancellationToken);
            AgentLog.HttpListening(_logger, address.ToString());
        }
        catch (IOException exception)
        {
            AgentLog.HttpFailed(_logger, exception, address.ToString());
            return;
        }

        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
    }
}
