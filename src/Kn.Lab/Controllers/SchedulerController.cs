using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.Controllers;

/// <summary>Gives each pod without a node one that is ready, tolerated, selected and least loaded.</summary>
public sealed class SchedulerController
{
    private readonly ApiClient _client;
    private readonly Informer _pods;
    private readonly Informer _nodes;
    private readonly ControllerLoop _loop;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;

    // Bound, but the watch has not said so yet: counted as placed.
    private readonly ConcurrentDictionary<string, string> _assumed = new(StringComparer.Ordinal);

    /// <summary>Makes the scheduler of a cluster.</summary>
    public SchedulerController(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
    {
        _client = client;
        _time = time ?? TimeProvider.System;
        _loop = new ControllerLoop("scheduler", logger ?? NullLogger.Instance, _time);
        _events = new EventRecorder(client, "default-scheduler", _time);
        _pods = new Informer(client, ApiResources.Pods, logger: logger, time: time) { Changed = PodChanged };
        _nodes = new Informer(client, ApiResources.Nodes, logger: logger, time: time) { Changed = NodeChanged };
    }

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_nodes, _pods], 1, ReconcileAsync, cancellationToken);

    private void PodChanged(JsonObject? old, JsonObject? pod)
    {
        if (pod is null || !SchedulerRules.Waits(pod))
        {
            _assumed.TryRemove((pod ?? old)!.Key(), out _);
            return;
        }

        if (old is null || !SchedulerRules.Waits(old))
        {
            _loop.Enqueue(pod.Key());
        }
    }

    // A status update every few seconds from each node is no reason to try again; a change that opens the node is.
    private void NodeChanged(JsonObject? old, JsonObject? node)
    {
        if (node is null || (old is not null && JsonNode.DeepEquals(Relevant(old), Relevant(node))))
        {
            return;
        }

        foreach (var pod in _pods.Objects.Where(SchedulerRules.Waits))
        {
            _loop.Enqueue(pod.Key());
        }
    }

    private static JsonObject Relevant(JsonObject node) => new()
    {
        ["spec"] = node["spec"]?.DeepClone(),
        ["labels"] = node.At("metadata", "labels")?.DeepClone(),
        ["ready"] = node.Maps("status", "conditions").FirstOrDefault(static condition => condition.Text("type") == "Ready").Text("status"),
    };

    private async Task ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (_pods.Find(key) is not { } pod || !SchedulerRules.Waits(pod) || _assumed.ContainsKey(key))
        {
            return;
        }

        var placed = _pods.Objects
            .Select(other => (Pod: other, Node: other.Text("spec", "nodeName") ?? _assumed.GetValueOrDefault(other.Key()) ?? ""))
            .Where(static pair => pair.Node.Length > 0 && pair.Pod.Text("status", "phase") is not ("Succeeded" or "Failed"));
        var (node, why) = SchedulerRules.Choose(pod, [.. _nodes.Objects], placed);
        if (node is null)
        {
            await ReportUnschedulableAsync(pod, why, cancellationToken);
            return;
        }

        var binding = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Binding",
            ["metadata"] = new JsonObject { ["name"] = pod.Name(), ["namespace"] = pod.Namespace() },
            ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node },
        };
        _assumed[key] = node;
        try
        {
            await _client.PostAsync(ApiResources.Pods, pod.Namespace(), pod.Name(), "binding", binding, cancellationToken);
        }
        catch (Exception failure)
        {
            _assumed.TryRemove(key, out _);
            if (failure is ApiException { IsNotFound: true } or ApiException { IsConflict: true })
            {
                return;
            }

            throw;
        }

        await _events.RecordAsync(pod, "Normal", "Scheduled", $"Successfully assigned {key} to {node}", cancellationToken);
    }

    private async Task ReportUnschedulableAsync(JsonObject pod, string why, CancellationToken cancellationToken)
    {
        var known = pod.Maps("status", "conditions").FirstOrDefault(static condition => condition.Text("type") == "PodScheduled");
        if (known.Text("status") == "False" && known.Text("message") == why)
        {
            return;
        }

        var patch = new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["conditions"] = new JsonArray(new JsonObject
                {
                    ["type"] = "PodScheduled",
                    ["status"] = "False",
                    ["reason"] = "Unschedulable",
                    ["message"] = why,
                    ["lastProbeTime"] = null,
                    ["lastTransitionTime"] = JsonTree.Timestamp(_time.GetUtcNow()),
                }),
            },
        };
        await _client.PatchAsync(ApiResources.Pods, pod.Namespace(), pod.Name(), "status", patch, PatchKind.Strategic, cancellationToken);
        await _events.RecordAsync(pod, "Warning", "FailedScheduling", why, cancellationToken);
    }
}
