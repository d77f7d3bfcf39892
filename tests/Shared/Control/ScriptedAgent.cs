using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Testing.Control;

/// <summary>The agent's end of the control socket, with a test's handlers. Nobody listens before <see cref="Serve"/>.</summary>
internal sealed class ScriptedAgent : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-scripted-agent-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private ControlServer? _server;
    private Task _run = Task.CompletedTask;

    public ControlHandlers Handlers { get; } = new();

    public string SocketPath => Path.Combine(_directory, "kn.sock");

    public void Serve()
    {
        _server = new ControlServer(SocketPath, Handlers, new MetricRegistry(), NullLoggerFactory.Instance, TimeProvider.System);
        _run = _server.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.WaitAsync(TimeSpan.FromSeconds(30));
        _server?.Dispose();
        Directory.Delete(_directory, recursive: true);
        _stop.Dispose();
    }
}
