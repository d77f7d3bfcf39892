using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.Controllers;

/// <summary>Keeps a ReplicaSet for each Deployment, the ReplicaSet's pods, and both statuses.</summary>
public sealed class DeploymentController
{
    private const string DeploymentPrefix = "deployment:";
    private readonly ApiClient _client;
    private readonly Informer _deployments;
    private readonly Informer _sets;
    private readonly Informer _pods;
    private readonly ControllerLoop _loop;
    private readonly ReplicaSetSync _replicas;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;

    /// <summary>Makes the controller of a cluster.</summary>
    public DeploymentController(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
    {
        _client = client;
        _time = time ?? TimeProvider.System;
        _loop = new ControllerLoop("deployment", logger ?? NullLogger.Instance, _time);
        _events = new EventRecorder(client, "deployment-controller", _time);
        _replicas = new ReplicaSetSync(client, _time);
        _deployments = new Informer(client, ApiResources.Deployments, logger: logger, time: time) { Changed = (old, item) => Enqueue(item ?? old) };
        _sets = new Informer(client, ApiResources.ReplicaSets, logger: logger, time: time) { Changed = SetChanged };
        _pods = new Informer(client, ApiResources.Pods, logger: logger, time: time) { Changed = PodChanged };
    }

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_deployments, _sets, _pods], 2, ReconcileAsync, cancellationToken);

    private void Enqueue(JsonObject? deployment) => _loop.Enqueue(DeploymentPrefix + deployment.Key());

    private void SetChanged(JsonObject? old, JsonObject? set)
    {
        var any = set ?? old;
        _loop.Enqueue(any.Key());
        if (Controller(any, "Deployment") is { } name)
        {
            _loop.Enqueue($"{DeploymentPrefix}{any.Namespace()}/{name}");
        }
    }

    private void PodChanged(JsonObject? old, JsonObject? pod)
    {
        _replicas.Observed(old, pod);
        if (Controller(pod ?? old, "ReplicaSet") is { } name)
        {
            _loop.Enqueue($"{(pod ?? old).Namespace()}/{name}");
        }
    }

    private static string? Controller(JsonObject? child, string kind) => child.Maps("metadata", "ownerReferences")
        .FirstOrDefault(reference => reference.Flag("controller") == true && reference.Text("kind") == kind).Text("name");

    private Task ReconcileAsync(string key, CancellationToken cancellationToken) => key.StartsWith(DeploymentPrefix, StringComparison.Ordinal)
        ? ReconcileDeploymentAsync(key[DeploymentPrefix.Length..], cancellationToken)
        : ReconcileSetAsync(key, cancellationToken);

    private async Task ReconcileSetAsync(string key, CancellationToken cancellationToken)
    {
        if (_sets.Find(key) is { } set && !set.IsDeleting())
        {
            await _replicas.SyncAsync(set, _pods.Objects.Where(pod => pod.Namespace() == set.Namespace() && Owners.ControllerUid(pod) == set.Uid()), cancellationToken);
        }
    }

    private async Task ReconcileDeploymentAsync(string key, CancellationToken cancellationToken)
    {
        if (_deployments.Find(key) is not { } deployment || deployment.IsDeleting())
        {
            return;
        }

        var sets = _sets.Objects.Where(set => set.Namespace() == deployment.Namespace() && Owners.ControllerUid(set) == deployment.Uid()).ToList();
        var current = DeploymentRules.FindCurrent(deployment, sets);
        if (deployment.Flag("spec", "paused") != true)
        {
            current = await EnsureCurrentAsync(deployment, current, sets, cancellationToken);
            foreach (var old in sets.Where(set => set.Uid() != current.Uid() && set.Number("spec", "replicas") > 0))
            {
                await ScaleAsync(deployment, old, 0, cancellationToken);
            }

            await TrimHistoryAsync(deployment, current, sets, cancellationToken);
        }

        await WriteStatusAsync(deployment, current, sets, cancellationToken);
    }

    private async Task<JsonObject> EnsureCurrentAsync(JsonObject deployment, JsonObject? current, List<JsonObject> sets, CancellationToken cancellationToken)
    {
        var newest = sets.Select(DeploymentRules.Revision).DefaultIfEmpty(0).Max();
        if (current is null)
        {
            var wanted = DeploymentRules.NewReplicaSet(deployment, newest + 1);
            try
            {
                current = await _client.CreateAsync(ApiResources.ReplicaSets, deployment.Namespace(), wanted, cancellationToken);
                await _events.RecordAsync(deployment, "Normal", "ScalingReplicaSet", $"Scaled up replica set {current.Name()} from 0 to {current.Number("spec", "replicas")}", cancellationToken);
            }
            catch (ApiException refusal) when (refusal.IsConflict)
            {
                // Made by the last look already; the watch will show it.
                current = await _client.GetAsync(ApiResources.ReplicaSets, deployment.Namespace(), wanted.Name(), cancellationToken);
            }
        }

        var replicas = deployment.Number("spec", "replicas") ?? 1;
        if (current.Number("spec", "replicas") != replicas)
        {
            await ScaleAsync(deployment, current, replicas, cancellationToken);
        }

        var revision = Math.Max(newest, DeploymentRules.Revision(current));
        await AnnotateRevisionAsync(ApiResources.ReplicaSets, current, DeploymentRules.Revision(current) < newest ? newest + 1 : revision, cancellationToken);
        await AnnotateRevisionAsync(ApiResources.Deployments, deployment, DeploymentRules.Revision(current) < newest ? newest + 1 : revision, cancellationToken);
        return current;
    }

    private async Task AnnotateRevisionAsync(ApiResource resource, JsonObject item, int revision, CancellationToken cancellationToken)
    {
        if (DeploymentRules.Revision(item) == revision)
        {
            return;
        }

        var text = revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [DeploymentRules.RevisionAnnotation] = text } } };
        await _client.PatchAsync(resource, item.Namespace(), item.Name(), null, patch, PatchKind.Merge, cancellationToken);
    }

    private async Task ScaleAsync(JsonObject deployment, JsonObject set, long replicas, CancellationToken cancellationToken)
    {
        var before = set.Number("spec", "replicas") ?? 0;
        var patch = new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } };
        await _client.PatchAsync(ApiResources.ReplicaSets, set.Namespace(), set.Name(), null, patch, PatchKind.Merge, cancellationToken);
        var direction = replicas > before ? "up" : "down";
        await _events.RecordAsync(deployment, "Normal", "ScalingReplicaSet", $"Scaled {direction} replica set {set.Name()} from {before} to {replicas}", cancellationToken);
    }

    private async Task TrimHistoryAsync(JsonObject deployment, JsonObject current, List<JsonObject> sets, CancellationToken cancellationToken)
    {
        var keep = (int)(deployment.Number("spec", "revisionHistoryLimit") ?? 10);
        var done = sets.Where(set => set.Uid() != current.Uid() && set.Number("spec", "replicas") == 0 && (set.Number("status", "replicas") ?? 0) == 0)
            .OrderByDescending(DeploymentRules.Revision).Skip(keep);
        foreach (var set in done)
        {
            await _client.EnsureDeletedAsync(ApiResources.ReplicaSets, set.Namespace(), set.Name(), null, cancellationToken);
        }
    }

    private async Task WriteStatusAsync(JsonObject deployment, JsonObject? current, List<JsonObject> sets, CancellationToken cancellationToken)
    {
        var seen = sets.Find(set => set.Uid() == current.Uid()) ?? current;
        var status = DeploymentRules.Status(deployment, seen, sets, _time.GetUtcNow());
        if (!JsonNode.DeepEquals(status, deployment["status"]))
        {
            // A merge patch replaces the conditions as a whole, which is what the rules computed.
            await _client.PatchAsync(ApiResources.Deployments, deployment.Namespace(), deployment.Name(), "status", new JsonObject { ["status"] = status }, PatchKind.Merge, cancellationToken);
        }
    }
}
