using System.Diagnostics;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Interop;
using Kn.Lab.LabNodes;
using Kn.Lab.Processes;
using Kn.Lab.Sandbox;

namespace Kn.Lab.Kubelet;

/// <summary>Runs one container from its start to its end: the process, restarts by the pod's policy, the readiness probe.</summary>
internal sealed class ContainerRunner(NodePlace node, JsonObject pod, JsonObject container, PodSandbox sandbox, Action changed, TimeProvider time)
{
    // The kubelet's back-off is 10 s doubling to 5 min; a lab is watched by somebody who waits.
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(20);
    private ContainerState _state = new();

    /// <summary>spec.containers[].name.</summary>
    public string Name { get; } = container.Text("name") ?? "";

    /// <summary>Where it stands.</summary>
    public ContainerState State => Volatile.Read(ref _state);

    /// <summary>The running process; 0 between runs.</summary>
    public int Pid { get; private set; }

    /// <summary>Runs until the container is over, or <paramref name="stop"/> asks for the end, which takes at most the grace period.</summary>
    public async Task RunAsync(Func<TimeSpan> grace, CancellationToken stop)
    {
        var backOff = FirstBackOff;
        while (!stop.IsCancellationRequested)
        {
            var end = await RunOnceAsync(grace, stop);
            var again = !stop.IsCancellationRequested && ContainerState.ShouldRestart(pod.Text("spec", "restartPolicy") ?? "Always", end.ExitCode);
            Set(State with { RunningSince = null, IsReady = false, LastEnd = end, IsOver = !again, WaitingReason = "CrashLoopBackOff" });
            if (!again)
            {
                return;
            }

            try
            {
                await Task.Delay(backOff, time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
            Set(State with { Restarts = State.Restarts + 1 });
        }
    }

    private async Task<ContainerEnd> RunOnceAsync(Func<TimeSpan> grace, CancellationToken stop)
    {
        var startedAt = time.GetUtcNow();
        var ready = Path.Combine(sandbox.Folder, $"{Name}.ready");
        File.Delete(ready);
        using var process = Start(ready);
        Pid = process.Id;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Set(State with { RunningSince = startedAt, IsReady = false });
        var probing = WatchReadinessAsync(ready, process.Id, ended.Token);
        try
        {
            await process.WaitForExitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            await TerminateAsync(process, grace());
        }

        await ended.CancelAsync();
        await probing;
        Pid = 0;
        return new ContainerEnd(process.ExitCode, startedAt, time.GetUtcNow());
    }

    private Process Start(string readyFile)
    {
        var environment = ContainerPlan.Environment(pod, container, sandbox.Addresses, node.Addresses);
        var isHostNetwork = pod.Flag("spec", "hostNetwork") ?? false;
        var spec = new SandboxSpec
        {
            NetworkNamespace = sandbox.NetworkPath,
            Hostname = isHostNetwork ? node.Name : PodText.Hostname(pod),
            EtcFolder = sandbox.EtcFolder,
            LogFile = Path.Combine(sandbox.Folder, $"{Name}.log"),
            WorkingDirectory = container.Text("workingDir"),
            NewSession = true,
            Command = ContainerPlan.Command(container, environment, node.Program, readyFile),
        };
        return ProgramStart.InSandbox(node.Program, spec, environment);
    }

    // The process leads a group of its own (pod-init made it), so its children are told too.
    private async Task TerminateAsync(Process process, TimeSpan grace)
    {
        _ = Libc.kill(-process.Id, Libc.SIGTERM);
        using var patience = new CancellationTokenSource(grace, time);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // SIGKILL below.
        }

        _ = Libc.kill(-process.Id, Libc.SIGKILL);
        _ = process.HasExited ? 0 : Libc.kill(process.Id, Libc.SIGKILL);
        await process.WaitForExitAsync(CancellationToken.None);
    }

    private async Task WatchReadinessAsync(string readyFile, int pid, CancellationToken ended)
    {
        try
        {
            if (ContainerPlan.IsEcho(container))
            {
                await WaitForFileAsync(readyFile, ended);
            }

            if (ReadinessProbe.Of(container) is { } probe)
            {
                await ProbeAsync(probe, pid, ended);
            }
            else
            {
                Set(State with { IsReady = true });
            }
        }
        catch (OperationCanceledException)
        {
            // The process ended; the next run has a watch of its own.
        }
    }

    private async Task ProbeAsync(ReadinessProbe probe, int pid, CancellationToken ended)
    {
        var successes = 0;
        var failures = 0;
        await Task.Delay(probe.InitialDelay, time, ended);
        while (true)
        {
            var isUp = await ProbeRunner.AskAsync(node, probe, sandbox.Addresses[0].ToIPAddress(), pid, ended);
            ended.ThrowIfCancellationRequested();
            successes = isUp ? successes + 1 : 0;
            failures = isUp ? 0 : failures + 1;
            if (isUp && successes >= probe.SuccessThreshold && !State.IsReady)
            {
                Set(State with { IsReady = true });
            }
            else if (failures >= probe.FailureThreshold && State.IsReady)
            {
                Set(State with { IsReady = false });
            }

            await Task.Delay(probe.Period, time, ended);
        }
    }

    private async Task WaitForFileAsync(string path, CancellationToken ended)
    {
        while (!File.Exists(path))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(15), time, ended);
        }
    }

    private void Set(ContainerState state)
    {
        Volatile.Write(ref _state, state);
        changed();
    }
}
