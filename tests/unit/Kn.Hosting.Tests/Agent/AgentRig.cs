using System.Collections.Concurrent;
using System.Text.Json;
using Kn.Hosting.Agent;
using Kn.Hosting.Control;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Tests.Agent;

/// <summary>An agent in this process, with its own directories.</summary>
internal sealed class AgentRig : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-agent-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private Task<bool> _run = Task.FromResult(true);

    internal string State => Path.Combine(_directory, "state");

    internal string Kubeconfig => Path.Combine(_directory, "kubeconfig");

    internal string SocketPath => Path.Combine(_directory, "run", "kn.sock");

    /// <summary>Every log line, as "level name message".</summary>
    internal ConcurrentQueue<string> Log { get; } = [];

    /// <summary>What the last process left.</summary>
    internal IStoredSockets Stored { get; init; } = new NothingStored();

    internal void Start(ConnectCluster connect, params (ScriptedModule Module, bool Enabled)[] modules) =>
        _run = new AgentHost(Options(modules), "1.2.3+abc", connect, new Loggers(Log), TimeProvider.System) { StoredSockets = Stored }.RunAsync(_stop.Token);

    /// <summary>Stops it; true after a stop that went well.</summary>
    internal async Task<bool> StopAsync()
    {
        await _stop.CancelAsync();
        return await _run.WaitAsync(TestContexts.Deadline);
    }

    internal async Task<AgentStatus> StatusAsync(Func<AgentStatus, bool> condition, string what)
    {
        AgentStatus? status = null;
        await TestContexts.UntilAsync(() => (status = TryStatus()) is not null && condition(status), what);
        return status!;
    }

    internal ControlResponse Ask(string verb) =>
        ControlClient.Send(SocketPath, new ControlRequest(verb, new Dictionary<string, string>(), default), TestContexts.Deadline);

    internal void WriteKubeconfig(string server) => File.WriteAllText(
        Kubeconfig,
        $"""
        apiVersion: v1
        kind: Config
        current-context: c
        clusters:
        - name: c
          cluster:
            server: {server}
        users:
        - name: u
          user:
            token: t
        contexts:
        - name: c
          context:
            cluster: c
            user: u
        """);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private AgentStatus? TryStatus()
    {
        try
        {
            return JsonSerializer.Deserialize(Ask("status").Body.Span, AgentStatusJson.Default.AgentStatus);
        }
        catch (ControlException)
        {
            return null;
        }
    }

    private AgentOptions Options((ScriptedModule Module, bool Enabled)[] modules) => new()
    {
        Node = new NodeOptions { Name = "n1", Paths = new PathOptions { State = State, Run = Path.GetDirectoryName(SocketPath)! } },
        Kubeconfig = Kubeconfig,
        Log = new LogOptions(),
        Listen = new ListenOptions { Http = "none" },
        Modules = [.. modules.Select(static item => new ModuleSection(item.Module.Entry, item.Enabled, new SampleOptions()))],
    };

    private sealed class Loggers(ConcurrentQueue<string> log) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => new Logger(categoryName, log);

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class Logger(string name, ConcurrentQueue<string> log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue($"{logLevel} {name} {eventId.Name}: {formatter(state, exception)} {exception?.Message}");
    }
}
