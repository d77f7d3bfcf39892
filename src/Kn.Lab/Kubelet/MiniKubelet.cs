using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.LabNodes;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Kubelet;

/// <summary>Runs the pods that are bound to one node: what the lab has in place of a kubelet and a container runtime.</summary>
internal sealed class MiniKubelet(NodePlace node, ApiClient client, ILogger logger, TimeProvider time)
{
    private readonly PodReports _reports = new(client, node.Name, logger, time);
    private readonly ConcurrentDictionary<string, PodWorker> _workers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> _tasks = new(StringComparer.Ordinal);

    /// <summary>How many pods the node has.</summary>
    public int PodCount => _workers.Count;

    /// <summary>The worker of a pod, or null.</summary>
    public PodWorker? Find(string @namespace, string name) =>
        _workers.Values.FirstOrDefault(worker => worker.Pod.Namespace() == @namespace && worker.Pod.Name() == name);

    /// <summary>Works until cancelled; the pods' processes and namespaces stay, for the lab's sweep.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var pods = new Informer(client, ApiResources.Pods, null, $"fieldSelector=spec.nodeName%3D{node.Name}", logger, time)
        {
            Changed = (before, after) => Follow(before, after, cancellationToken),
        };
        try
        {
            await pods.RunAsync(cancellationToken);
        }
        finally
        {
            await Task.WhenAll(_tasks.Values);
        }
    }

    private void Follow(JsonObject? before, JsonObject? after, CancellationToken cancellationToken)
    {
        if (after is null)
        {
            if (_workers.TryGetValue(before.Uid(), out var orphan))
            {
                orphan.Forget();
            }
        }
        else if (_workers.TryGetValue(after.Uid(), out var known))
        {
            known.Update(after);
        }
        else if (after.Text("status", "phase") is not ("Succeeded" or "Failed") || after.IsDeleting())
        {
            var worker = new PodWorker(node, after, _reports, logger, time);
            _workers[after.Uid()] = worker;
            _tasks[after.Uid()] = SuperviseAsync(worker, cancellationToken);
        }
    }

    private async Task SuperviseAsync(PodWorker worker, CancellationToken cancellationToken)
    {
        // Off the informer's task: the next pod must not wait for this one's first steps.
        await Task.Yield();
        var uid = worker.Pod.Uid();
        KubeletLog.Taken(logger, worker.Pod.Key(), node.Name);
        try
        {
            await worker.RunAsync(cancellationToken);
            KubeletLog.Left(logger, worker.Pod.Key(), node.Name);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The lab ends.
        }
#pragma warning disable CA1031 // The supervisor of pods: what goes wrong with one must not end the others.
        catch (Exception e)
#pragma warning restore CA1031
        {
            KubeletLog.WorkerFailed(logger, e, worker.Pod.Key());
        }

        _workers.TryRemove(uid, out _);
        _tasks.TryRemove(uid, out _);
    }
}
