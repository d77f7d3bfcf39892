using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.Controllers;

/// <summary>Empties namespaces that are being deleted, then lets them go.</summary>
/// <remarks>Which kinds there are it asks the server each time, so custom ones are emptied too.</remarks>
public sealed class NamespaceController
{
    private readonly ApiClient _client;
    private readonly Informer _namespaces;
    private readonly ControllerLoop _loop;

    /// <summary>Makes the controller of a cluster.</summary>
    public NamespaceController(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
    {
        _client = client;
        _loop = new ControllerLoop("namespace", logger ?? NullLogger.Instance, time ?? TimeProvider.System);
        _namespaces = new Informer(client, ApiResources.Namespaces, logger: logger, time: time)
        {
            Changed = (_, item) =>
            {
                if (item.IsDeleting())
                {
                    _loop.Enqueue(item.Name());
                }
            },
        };
    }

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_namespaces], 1, ReconcileAsync, cancellationToken);

    private async Task ReconcileAsync(string name, CancellationToken cancellationToken)
    {
        if (_namespaces.Find(name) is not { } item || !item.IsDeleting() || item.List("spec", "finalizers") is not { Count: > 0 })
        {
            return;
        }

        var left = 0;
        foreach (var resource in await NamespacedResourcesAsync(cancellationToken))
        {
            left += await EmptyAsync(resource, name, cancellationToken);
        }

        if (left > 0)
        {
            // Pods take their grace period, finalizers their owner: the loop comes back.
            throw new ApiException(409, "NotEmpty", $"{left} objects are left");
        }

        var released = item.Copy();
        released.Ensure("spec")["finalizers"] = JsonTree.Array(item.Texts("spec", "finalizers").Where(static finalizer => finalizer != "kubernetes"));
        await _client.ReplaceAsync(ApiResources.Namespaces, released, "finalize", cancellationToken);
    }

    private async Task<int> EmptyAsync(ApiResource resource, string @namespace, CancellationToken cancellationToken)
    {
        var items = (await _client.ListAsync(resource, @namespace, null, cancellationToken)).Items;
        if (items.Count == 0)
        {
            return 0;
        }

        await _client.SendAsync(HttpMethod.Delete, resource.Path(@namespace), new JsonObject { ["propagationPolicy"] = "Background" }, null, cancellationToken);
        return (await _client.ListAsync(resource, @namespace, null, cancellationToken)).Items.Count;
    }

    private async Task<IReadOnlyList<ApiResource>> NamespacedResourcesAsync(CancellationToken cancellationToken)
    {
        var versions = new List<(string Group, string Version)> { ("", "v1") };
        var groups = await _client.GetPathAsync("/apis", cancellationToken);
        versions.AddRange(groups.Maps("groups").Select(static group => (group.Text("name") ?? "", group.Text("preferredVersion", "version") ?? "v1")));
        var resources = new List<ApiResource>();
        foreach (var (group, version) in versions)
        {
            var path = group.Length == 0 ? $"/api/{version}" : $"/apis/{group}/{version}";
            foreach (var entry in (await _client.GetPathAsync(path, cancellationToken)).Maps("resources"))
            {
                var verbs = entry.Texts("verbs").ToList();
                var plural = entry.Text("name") ?? "";
                if (entry.Flag("namespaced") == true && !plural.Contains('/', StringComparison.Ordinal) && verbs.Contains("list") && verbs.Contains("deletecollection"))
                {
                    resources.Add(new ApiResource(group, version, plural, entry.Text("kind") ?? ""));
                }
            }
        }

        return resources;
    }
}
