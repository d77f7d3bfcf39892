using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.Controllers;

/// <summary>Writes the EndpointSlices of each Service with a selector, one set a family.</summary>
public sealed class EndpointSliceController
{
    private const int Workers = 4;
    private readonly ApiClient _client;
    private readonly Informer _services;
    private readonly Informer _pods;
    private readonly Informer _slices;
    private readonly ControllerLoop _loop;

    // Slices made that the watch has not shown yet, by Service: without it the next look would make them again.
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, bool>> _unseen = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, JsonObject>> _podsByNamespace = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, JsonObject>> _slicesByService = new(StringComparer.Ordinal);

    /// <summary>Makes the controller of a cluster.</summary>
    public EndpointSliceController(ApiClient client, ILogger? logger = null, TimeProvider? time = null)
    {
        _client = client;
        _loop = new ControllerLoop("endpointslice", logger ?? NullLogger.Instance, time ?? TimeProvider.System);
        _services = new Informer(client, ApiResources.Services, logger: logger, time: time) { Changed = (old, service) => _loop.Enqueue((service ?? old)!.Key()) };
        _pods = new Informer(client, ApiResources.Pods, logger: logger, time: time) { Changed = PodChanged };
        var managed = "labelSelector=" + Uri.EscapeDataString($"{EndpointSliceRules.ManagedByLabel}={EndpointSliceRules.ManagedBy}");
        _slices = new Informer(client, ApiResources.EndpointSlices, selectors: managed, logger: logger, time: time) { Changed = SliceChanged };
    }

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync([_services, _pods, _slices], Workers, ReconcileAsync, cancellationToken);

    private static string ServiceKey(JsonObject slice) => $"{slice.Namespace()}/{slice.Text("metadata", "labels", EndpointSliceRules.ServiceNameLabel)}";

    private void PodChanged(JsonObject? old, JsonObject? pod)
    {
        var any = (pod ?? old)!;
        var pods = _podsByNamespace.GetOrAdd(any.Namespace(), static _ => new ConcurrentDictionary<string, JsonObject>(StringComparer.Ordinal));
        if (pod is null)
        {
            pods.TryRemove(any.Name(), out _);
        }
        else
        {
            pods[any.Name()] = pod;
        }

        foreach (var service in _services.Objects)
        {
            if (service.Namespace() == any.Namespace() && EndpointSliceRules.IsManaged(service)
                && ((pod is not null && EndpointSliceRules.Selects(service, pod)) || (old is not null && EndpointSliceRules.Selects(service, old))))
            {
                _loop.Enqueue(service.Key());
            }
        }
    }

    private void SliceChanged(JsonObject? old, JsonObject? slice)
    {
        var any = (slice ?? old)!;
        var key = ServiceKey(any);
        var slices = _slicesByService.GetOrAdd(key, static _ => new ConcurrentDictionary<string, JsonObject>(StringComparer.Ordinal));
        if (slice is null)
        {
            slices.TryRemove(any.Name(), out _);
        }
        else
        {
            slices[any.Name()] = slice;
        }

        if (_unseen.TryGetValue(key, out var unseen))
        {
            unseen.TryRemove(any.Name(), out _);
        }

        _loop.Enqueue(key);
    }

    private async Task ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (_unseen.TryGetValue(key, out var unseen) && !unseen.IsEmpty)
        {
            return;
        }

        var existing = _slicesByService.TryGetValue(key, out var slices) ? slices.Values.ToList() : [];
        var service = _services.Find(key);
        if (service is null || !EndpointSliceRules.IsManaged(service) || service.IsDeleting())
        {
            // With the Service gone the slices are the garbage collector's, but it may be switched off.
            foreach (var slice in existing)
            {
                await DeleteAsync(slice, cancellationToken);
            }

            return;
        }

        var pods = _podsByNamespace.TryGetValue(service.Namespace(), out var all) ? all.Values.ToList() : [];
        var changes = EndpointSliceRules.Plan(service, pods, existing);
        foreach (var slice in changes.Create)
        {
            await CreateAsync(key, slice, cancellationToken);
        }

        foreach (var slice in changes.Replace)
        {
            await _client.ReplaceAsync(ApiResources.EndpointSlices, slice, null, cancellationToken);
        }

        foreach (var slice in changes.Delete)
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    private async Task CreateAsync(string key, JsonObject slice, CancellationToken cancellationToken)
    {
        var made = await _client.CreateAsync(ApiResources.EndpointSlices, slice.Namespace(), slice, cancellationToken);
        var unseen = _unseen.GetOrAdd(key, static _ => new ConcurrentDictionary<string, bool>(StringComparer.Ordinal));
        unseen[made.Name()] = true;
        // The watch may have been faster than the answer.
        if (_slices.Find(made.Key()) is not null)
        {
            unseen.TryRemove(made.Name(), out _);
            _loop.Enqueue(key);
        }
    }

    private Task DeleteAsync(JsonObject slice, CancellationToken cancellationToken) =>
        _client.EnsureDeletedAsync(ApiResources.EndpointSlices, slice.Namespace(), slice.Name(), null, cancellationToken);
}
