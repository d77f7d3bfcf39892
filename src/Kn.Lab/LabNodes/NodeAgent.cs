using Kn.Lab.Interop;
using Kn.Lab.Processes;
using Kn.Lab.Sandbox;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.LabNodes;

/// <summary>The kn binary on one node: runs <c>kn agent</c> in the node's namespace, again when it dies, unless it was told to stop.</summary>
/// <remarks>Does what systemd does for a service that is restarted always: the agent's stored sockets (<see cref="DescriptorShelf"/>) are kept over a
/// restart and after a crash, and let go when it is stopped.</remarks>
internal sealed class NodeAgent(NodePlace node, string kn, ILogger logger, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _wanted = new(0);
    private readonly DescriptorShelf _shelf = new(Path.Combine(node.Folder, "notify.sock"));
    private volatile bool _isWanted = true;
    private volatile bool _isRestarting;

    /// <summary>The agent's process; 0 when it does not run.</summary>
    public int Pid { get; private set; }

    /// <summary>How often it was started.</summary>
    public int Starts { get; private set; }

    /// <summary>Where it writes.</summary>
    public string Log => Path.Combine(node.Folder, "agent.log");

    /// <summary>Its config file.</summary>
    public string Config => Path.Combine(node.Folder, "kn.yaml");

    /// <summary>Keeps it running until cancelled; the process is left to the lab's sweep.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(_shelf.RunAsync(cancellationToken), SuperviseAsync(cancellationToken));

    private async Task SuperviseAsync(CancellationToken cancellationToken)
    {
        var backOff = FirstBackOff;
        while (!cancellationToken.IsCancellationRequested)
        {
            if (!_isWanted)
            {
                await _wanted.WaitAsync(cancellationToken);
                continue;
            }

            var started = time.GetTimestamp();
            await RunOnceAsync(cancellationToken);
            backOff = time.GetElapsedTime(started) > HealthyAfter ? FirstBackOff : backOff;
            if (_isRestarting)
            {
                _isRestarting = false;
            }
            else if (_isWanted)
            {
                await Task.Delay(backOff, time, cancellationToken);
                backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
            }
        }
    }

    /// <summary>Starts it where it was stopped.</summary>
    public void Start()
    {
        _isWanted = true;
        _wanted.Release();
    }

    /// <summary>Ends it by SIGTERM and leaves it ended, and lets go of its stored sockets; SIGKILL when it takes too long.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isWanted = false;
        await EndAsync(() => Pid == 0, cancellationToken);
    }

    /// <summary>Ends it by SIGTERM and starts it at once with its stored sockets; returns when the new process runs.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        if (!_isWanted)
        {
            Start();
            return;
        }

        var starts = Starts;
        _isRestarting = true;
        await EndAsync(() => Starts > starts && Pid != 0, cancellationToken);
    }

    /// <summary>Ends it by SIGKILL; it is started again.</summary>
    public void Kill() => Signal(Pid, Libc.SIGKILL);

    /// <inheritdoc/>
    public void Dispose()
    {
        _wanted.Dispose();
        _shelf.Dispose();
    }

    private async Task EndAsync(Func<bool> isDone, CancellationToken cancellationToken)
    {
        var ending = Pid;
        Signal(ending, Libc.SIGTERM);
        var since = time.GetTimestamp();
        while (!isDone())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
            if (time.GetElapsedTime(since) > Grace && Pid == ending)
            {
                Signal(ending, Libc.SIGKILL);
            }
        }
    }

    private async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var spec = new SandboxSpec
        {
            NetworkNamespace = node.Network.Path,
            LogFile = Log,
            NewSession = true,
            NotifySocket = _shelf.Path,
            Descriptors = _shelf.Contents(),
            Command = [kn, "agent", "--config", Config],
        };
        using var process = ProgramStart.InSandbox(node.Program, spec);
        Pid = process.Id;
        Starts++;
        NodeLog.AgentStarted(logger, node.Name, process.Id);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            NodeLog.AgentEnded(logger, node.Name, process.Id, process.ExitCode);
        }
        finally
        {
            if (!_isWanted)
            {
                _shelf.Clear();
            }

            Pid = 0;
        }
    }

    private static void Signal(int pid, int signal)
    {
        if (pid > 0)
        {
            _ = Libc.kill(pid, signal);
        }
    }
}
