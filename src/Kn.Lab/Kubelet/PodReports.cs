using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Kubelet;

/// <summary>What the node tells the API server about its pods. An API server that is away is waited for, not an error.</summary>
internal sealed class PodReports(ApiClient client, string nodeName, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Writes the status where it differs from the API's; returns when the server took it or the pod is gone.</summary>
    public async Task SetStatusAsync(JsonObject pod, JsonObject status, CancellationToken stop)
    {
        if (status.All(field => JsonNode.DeepEquals(field.Value, pod.At("status", field.Key))))
        {
            return;
        }

        // The uid is a precondition: a new pod of the same name must not get the old one's status.
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Uid() }, ["status"] = status };
        await PersistAsync(
            pod, () => client.PatchAsync(ApiResources.Pods, pod.Namespace(), pod.Name(), "status", patch, PatchKind.Merge, stop), stop);
    }

    /// <summary>Tells the server that nothing of the pod is left: the delete that ends its grace period.</summary>
    public Task ConfirmDeletedAsync(JsonObject pod, CancellationToken stop)
    {
        var options = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "DeleteOptions",
            ["gracePeriodSeconds"] = 0,
            ["preconditions"] = new JsonObject { ["uid"] = pod.Uid() },
        };
        return PersistAsync(pod, () => client.DeleteAsync(ApiResources.Pods, pod.Namespace(), pod.Name(), options, stop), stop);
    }

    /// <summary>Records a warning event on the pod; best effort.</summary>
    public async Task WarnAsync(JsonObject pod, string reason, string message, CancellationToken stop)
    {
        var now = JsonTree.Timestamp(time.GetUtcNow());
        var note = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = $"{pod.Name()}.{Guid.NewGuid():N}", ["namespace"] = pod.Namespace() },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Pod",
                ["namespace"] = pod.Namespace(),
                ["name"] = pod.Name(),
                ["uid"] = pod.Uid(),
            },
            ["reason"] = reason,
            ["message"] = message,
            ["type"] = "Warning",
            ["count"] = 1,
            ["firstTimestamp"] = now,
            ["lastTimestamp"] = now,
            ["source"] = new JsonObject { ["component"] = "kubelet", ["host"] = nodeName },
            ["reportingComponent"] = "kubelet",
            ["reportingInstance"] = nodeName,
        };
        try
        {
            await client.CreateAsync(ApiResources.Events, pod.Namespace(), note, stop);
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or IOException or OperationCanceledException)
        {
            KubeletLog.StatusRefused(logger, pod.Key(), e.Message);
        }
    }

    private async Task PersistAsync(JsonObject pod, Func<Task> sendAsync, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await sendAsync();
                return;
            }
            catch (ApiException refusal) when (refusal.IsNotFound || refusal.IsConflict)
            {
                return;
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
            {
                KubeletLog.StatusRefused(logger, pod.Key(), e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            try
            {
                await Task.Delay(RetryDelay, time, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
