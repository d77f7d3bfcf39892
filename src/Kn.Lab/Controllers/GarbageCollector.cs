using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.Controllers;

/// <summary>Deletes what an object owned after the object is gone, and serves foreground and orphan deletes.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/architecture/garbage-collection/. Owners: Deployments, ReplicaSets, DaemonSets, Services, Nodes;
/// dependents: ReplicaSets, Pods, EndpointSlices, Leases.</remarks>
public sealed class GarbageCollector
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";
    private static readonly ApiResource[] OwnerKinds = [ApiResources.Deployments, ApiResources.ReplicaSets, ApiResources.DaemonSets, ApiResources.Services, ApiResources.Nodes];
    private static readonly ApiResource[] DependentKinds = [ApiResources.ReplicaSets, ApiResources.Pods, ApiResources.EndpointSlices, ApiResources.Leases];
    private readonly ApiClient _client;
    private readonly List<Informer> _informers = [];
    private readonly ControllerLoop _loop;

    /// <summary>Makes the collector of a cluster.</summary>
    public GarbageCollector(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
    {
        _client = client;
        _loop = new ControllerLoop("garbage", logger ?? NullLogger.Instance, time ?? TimeProvider.System);
        foreach (var resource in OwnerKinds.Union(DependentKinds))
        {
            _informers.Add(new Informer(client, resource, logger: logger, time: time) { Changed = Changed });
        }
    }

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(_informers, 2, ReconcileAsync, cancellationToken);

    // Keys are uids of owners: of this object, when it goes, and of those that it names.
    private void Changed(JsonObject? old, JsonObject? item)
    {
        var any = item ?? old;
        if (item is null || item.IsDeleting())
        {
            _loop.Enqueue(any.Uid());
        }

        foreach (var reference in any.Maps("metadata", "ownerReferences"))
        {
            _loop.Enqueue(reference.Text("uid") ?? "");
        }
    }

    private async Task ReconcileAsync(string uid, CancellationToken cancellationToken)
    {
        var dependents = _informers.Where(static informer => DependentKinds.Contains(informer.Resource))
            .SelectMany(informer => informer.Objects.Where(item => Owners.IsOwnedBy(item, uid)).Select(item => (informer.Resource, Item: item))).ToList();
        var owner = _informers.SelectMany(informer => informer.Objects.Where(item => item.Uid() == uid).Select(item => (informer.Resource, Item: item))).FirstOrDefault();
        if (owner.Item is null)
        {
            await CollectAsync(uid, dependents, cancellationToken);
        }
        else if (owner.Item.IsDeleting())
        {
            await ServeDeleteAsync(owner.Resource, owner.Item, dependents, cancellationToken);
        }
    }

    private async Task CollectAsync(string uid, List<(ApiResource Resource, JsonObject Item)> dependents, CancellationToken cancellationToken)
    {
        foreach (var (resource, item) in dependents)
        {
            var references = item.Maps("metadata", "ownerReferences").ToList();
            if (item.IsDeleting() || !await IsGoneAsync(item, references.First(reference => reference.Text("uid") == uid), cancellationToken))
            {
                continue;
            }

            if (references.Count > 1)
            {
                await RemoveReferenceAsync(resource, item, uid, cancellationToken);
            }
            else
            {
                await DeleteAsync(resource, item, cancellationToken);
            }
        }
    }

    // The watch may not have shown the owner yet, or not be of its kind: ask the server before anything is deleted.
    private async Task<bool> IsGoneAsync(JsonObject item, JsonObject reference, CancellationToken cancellationToken)
    {
        var resource = Array.Find(OwnerKinds, kind => kind.Kind == reference.Text("kind") && kind.ApiVersion == reference.Text("apiVersion"));
        if (resource is null)
        {
            return false;
        }

        var owner = await _client.TryGetAsync(resource, resource.Namespaced ? item.Namespace() : null, reference.Text("name") ?? "", cancellationToken);
        return owner is null || owner.Uid() != reference.Text("uid");
    }

    private async Task ServeDeleteAsync(ApiResource resource, JsonObject owner, List<(ApiResource Resource, JsonObject Item)> dependents, CancellationToken cancellationToken)
    {
        var finalizers = owner.Texts("metadata", "finalizers").ToList();
        if (finalizers.Contains(Orphan))
        {
            foreach (var (kind, item) in dependents)
            {
                await RemoveReferenceAsync(kind, item, owner.Uid(), cancellationToken);
            }

            await RemoveFinalizerAsync(resource, owner, Orphan, cancellationToken);
        }
        else if (finalizers.Contains(Foreground))
        {
            foreach (var (kind, item) in dependents.Where(static dependent => !dependent.Item.IsDeleting()))
            {
                await DeleteAsync(kind, item, cancellationToken);
            }

            if (dependents.Count == 0)
            {
                await RemoveFinalizerAsync(resource, owner, Foreground, cancellationToken);
            }
        }
    }

    private Task DeleteAsync(ApiResource resource, JsonObject item, CancellationToken cancellationToken) => _client.EnsureDeletedAsync(resource, item.Namespace(), item.Name(), new JsonObject
    {
        ["propagationPolicy"] = "Background",
        ["preconditions"] = new JsonObject { ["uid"] = item.Uid() },
    }, cancellationToken);

    private Task RemoveReferenceAsync(ApiResource resource, JsonObject item, string uid, CancellationToken cancellationToken)
    {
        var left = item.Maps("metadata", "ownerReferences").Where(reference => reference.Text("uid") != uid).Select(static reference => (JsonNode?)reference.DeepClone());
        return PatchMetadataAsync(resource, item, "ownerReferences", JsonTree.Array(left), cancellationToken);
    }

    private Task RemoveFinalizerAsync(ApiResource resource, JsonObject item, string finalizer, CancellationToken cancellationToken) => PatchMetadataAsync(
        resource, item, "finalizers", JsonTree.Array(item.Texts("metadata", "finalizers").Where(text => text != finalizer)), cancellationToken);

    private async Task PatchMetadataAsync(ApiResource resource, JsonObject item, string field, JsonArray value, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = item.Uid(), ["resourceVersion"] = item.ResourceVersion(), [field] = value },
        };
        try
        {
            await _client.PatchAsync(resource, item.Namespace(), item.Name(), null, patch, PatchKind.Merge, cancellationToken);
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            // Gone already: nothing is left to patch.
        }
    }
}
