using System.Text.Json.Nodes;
using System.Threading.Channels;
using Kn.Lab.Api;
using Kn.Lab.Cni;
using Kn.Lab.LabNodes;
using Kn.Linux;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Kubelet;

/// <summary>One pod's life on the node, from its binding to its last DELETE; one task a pod.</summary>
internal sealed class PodWorker(NodePlace node, JsonObject pod, PodReports reports, ILogger logger, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestBackOff = TimeSpan.FromSeconds(5);

    // Holds one token: whatever happens, the worker looks at everything again.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _leaving = new();
    private readonly DateTimeOffset _startTime = time.GetUtcNow();
    private List<ContainerRunner> _containers = [];
    private JsonObject _pod = pod;
    private bool _isGone;

    /// <summary>The pod as the API last had it.</summary>
    public JsonObject Pod => Volatile.Read(ref _pod);

    /// <summary>A process of the pod, whose namespaces are the pod's; 0 when none runs.</summary>
    public int Pid => _containers.Select(static container => container.Pid).FirstOrDefault(static pid => pid > 0);

    /// <summary>The pod changed in the API.</summary>
    public void Update(JsonObject pod)
    {
        Volatile.Write(ref _pod, pod);
        if (pod.IsDeleting())
        {
            _leaving.Cancel();
        }

        _wake.Writer.TryWrite(true);
    }

    /// <summary>The pod is no more in the API, by a forced delete: stop without grace.</summary>
    public void Forget()
    {
        Volatile.Write(ref _isGone, true);
        _leaving.Cancel();
    }

    /// <summary>Lives until the pod is deleted; cancelling leaves everything as it is (the lab ends, and sweeps).</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (Pod.IsDeleting())
        {
            await _leaving.CancelAsync();
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_leaving.Token, cancellationToken);
        var sandbox = await MakeSandboxAsync(stop.Token);
        if (sandbox is not null)
        {
            await RunContainersAsync(sandbox, stop.Token);
            cancellationToken.ThrowIfCancellationRequested();
            await RemoveAsync(sandbox, cancellationToken);
        }

        if (!Volatile.Read(ref _isGone) && !cancellationToken.IsCancellationRequested)
        {
            await reports.ConfirmDeletedAsync(Pod, cancellationToken);
        }
    }

    /// <summary>Frees what a finished worker still holds.</summary>
    public void Dispose() => _leaving.Dispose();

    private async Task<PodSandbox?> MakeSandboxAsync(CancellationToken stop)
    {
        var backOff = FirstBackOff;
        var lastTrouble = "";
        while (!stop.IsCancellationRequested)
        {
            try
            {
                return await PodSandbox.CreateAsync(node, Pod, stop);
            }
            catch (Exception e) when (e is CniException or InvalidDataException or LinuxException or IOException)
            {
                KubeletLog.SandboxFailed(logger, Pod.Key(), e.Message);
                if (lastTrouble != e.Message)
                {
                    lastTrouble = e.Message;
                    await reports.WarnAsync(Pod, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + e.Message, stop);
                }
            }
            catch (OperationCanceledException)
            {
                return null;
            }

            await WaitAsync(backOff, stop);
            backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
        }

        return null;
    }

    private async Task RunContainersAsync(PodSandbox sandbox, CancellationToken stop)
    {
        _containers = [.. Pod.Maps("spec", "containers")
            .Select(container => new ContainerRunner(node, Pod, container, sandbox, () => _wake.Writer.TryWrite(true), time))];
        var running = Task.WhenAll(_containers.Select(container => container.RunAsync(Grace, stop)));
        while (!stop.IsCancellationRequested)
        {
            var states = _containers.ToDictionary(static container => container.Name, static container => container.State, StringComparer.Ordinal);
            await reports.SetStatusAsync(Pod, PodStatus.Build(Pod, sandbox.Addresses, node.Addresses, states, _startTime, time.GetUtcNow()), stop);
            await WaitForChangeAsync(stop);
        }

        await running;
    }

    private TimeSpan Grace() => Volatile.Read(ref _isGone)
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Pod.Number("metadata", "deletionGracePeriodSeconds") ?? Pod.Number("spec", "terminationGracePeriodSeconds") ?? 30);

    private async Task RemoveAsync(PodSandbox sandbox, CancellationToken cancellationToken)
    {
        var backOff = FirstBackOff;
        while (true)
        {
            try
            {
                await sandbox.RemoveAsync(cancellationToken);
                return;
            }
            catch (Exception e) when (e is CniException or LinuxException or IOException)
            {
                KubeletLog.TeardownFailed(logger, Pod.Key(), e.Message);
            }

            await Task.Delay(backOff, time, cancellationToken);
            backOff = backOff * 2 < LongestBackOff ? backOff * 2 : LongestBackOff;
        }
    }

    private async Task WaitForChangeAsync(CancellationToken stop)
    {
        try
        {
            await _wake.Reader.ReadAsync(stop);
        }
        catch (OperationCanceledException)
        {
            // The caller's loop ends.
        }
    }

    private async Task WaitAsync(TimeSpan delay, CancellationToken stop)
    {
        try
        {
            await Task.Delay(delay, time, stop);
        }
        catch (OperationCanceledException)
        {
            // The caller's loop ends.
        }
    }
}
