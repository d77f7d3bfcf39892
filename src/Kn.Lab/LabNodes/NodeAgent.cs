using Kn.Lab.Interop;
using Kn.Lab.Processes;
using Kn.Lab.Sandbox;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.LabNodes;

/// <summary>The kn binary on one node: runs <c>kn agent</c> in the node's namespace, again when it dies, unless it was told to stop.</summary>
internal sealed class NodeAgent(NodePlace node, string kn, ILogger logger, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _wanted = new(0);
    private volatile bool _isWanted = true;

    /// <summary>The agent's process; 0 when it does not run.</summary>
    public int Pid { get; private set; }

    /// <summary>How often it was started.</summary>
    public int Starts { get; private set; }

    /// <summary>Where it writes.</summary>
    public string Log => Path.Combine(node.Folder, "agent.log");

    /// <summary>Its config file.</summary>
    public string Config => Path.Combine(node.Folder, "kn.yaml");

    /// <summary>Keeps it running until cancelled; the process is left to the lab's sweep.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
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
            if (_isWanted)
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

    /// <summary>Ends it by SIGTERM and leaves it ended; SIGKILL when it takes too long.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _isWanted = false;
        Signal(Libc.SIGTERM);
        var since = time.GetTimestamp();
        while (Pid != 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
            if (time.GetElapsedTime(since) > Grace)
            {
                Signal(Libc.SIGKILL);
            }
        }
    }

    /// <summary>Ends it by SIGKILL; it is started again.</summary>
    public void Kill() => Signal(Libc.SIGKILL);

    /// <inheritdoc/>
    public void Dispose() => _wanted.Dispose();

    private async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var spec = new SandboxSpec
        {
            NetworkNamespace = node.Network.Path,
            LogFile = Log,
            NewSession = true,
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
            Pid = 0;
        }
    }

    private void Signal(int signal)
    {
        if (Pid is > 0 and var pid)
        {
            _ = Libc.kill(pid, signal);
        }
    }
}
