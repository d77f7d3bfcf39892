using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;

namespace Kn.Lab.ApiServer.Storage;

/// <summary>Writes as Kubernetes means them: defaults, validation, optimistic locking, generation, finalizers, grace.</summary>
/// <remarks>k8s.io/apiserver pkg/registry/generic/registry. Every write holds the store's gate from read to store, so a
/// conflict can only come from a version that the client sent.</remarks>
internal sealed class ObjectRegistry(ObjectStore store, KindCatalog kinds, TimeProvider time)
{
    public ObjectStore Store => store;

    public KindCatalog Kinds => kinds;

    /// <summary>Creates an object from the client's tree, which becomes the registry's own.</summary>
    /// <exception cref="StatusException">404 without its namespace, 409 where it exists, 422.</exception>
    public StoredObject Create(ResourceKind kind, string @namespace, JsonObject tree, bool dryRun)
    {
        PrepareIdentity(kind, @namespace, tree);
        lock (store.Gate)
        {
            RequireNamespace(kind, @namespace, tree.Name());
            PrepareForCreate(kind, tree);
            if (store.Find(kind.Resource, new ObjectKey(@namespace, tree.Name())) is not null)
            {
                throw StatusException.AlreadyExists(kind.Resource, tree.Name());
            }

            Complete(kind, tree, null);
            if (dryRun)
            {
                return new StoredObject(tree, 0);
            }

            var stored = store.Put(kind.Resource, tree, null);
            kind.Committed?.Invoke(null, stored.Tree);
            return stored;
        }
    }

    /// <summary>Reads one object.</summary>
    /// <exception cref="StatusException">404.</exception>
    public StoredObject Get(ResourceKind kind, ObjectKey key) =>
        store.Find(kind.Resource, key) ?? throw StatusException.NotFound(kind.Resource, key.Name);

    /// <summary>Changes an object: <paramref name="change"/> gets a copy of the current one and returns what it is to be.</summary>
    /// <param name="kind">Its kind.</param>
    /// <param name="key">Its place.</param>
    /// <param name="part">Which half of the object this write may change.</param>
    /// <param name="change">Runs under the gate.</param>
    /// <param name="dryRun">Do everything but store.</param>
    /// <exception cref="StatusException">404, 409 when the new tree names another version or uid, 422.</exception>
    public StoredObject Update(ResourceKind kind, ObjectKey key, WritePart part, Func<JsonObject, JsonObject> change, bool dryRun)
    {
        lock (store.Gate)
        {
            var current = Get(kind, key);
            var tree = change(current.Tree.Copy());
            CheckPreconditions(kind, current, tree);
            PrepareForUpdate(kind, current.Tree, tree, part);
            if (part == WritePart.Main)
            {
                Complete(kind, tree, current.Tree);
            }

            if (IsReleased(tree))
            {
                return dryRun ? current : Remove(kind, current);
            }

            if (JsonNode.DeepEquals(tree, current.Tree))
            {
                return current;
            }

            if (dryRun)
            {
                return new StoredObject(tree, current.Revision);
            }

            var stored = store.Put(kind.Resource, tree, current);
            kind.Committed?.Invoke(current.Tree, stored.Tree);
            return stored;
        }
    }

    /// <summary>Deletes an object, or marks it where a grace period or finalizers hold it.</summary>
    /// <returns>The object while it is held; null in Held when it is gone.</returns>
    /// <exception cref="StatusException">404; 409 when a precondition fails.</exception>
    public DeleteResult Delete(ResourceKind kind, ObjectKey key, DeleteOptions options)
    {
        lock (store.Gate)
        {
            var current = Get(kind, key);
            options.Check(kind, current.Tree);
            var tree = current.Tree.Copy();
            var grace = Deletion.GracePeriod(kind, tree, options);
            Deletion.AddPropagationFinalizer(tree, options);
            if (grace == 0 && Deletion.Holds(kind, tree) is false)
            {
                return new DeleteResult(options.DryRun ? current : Remove(kind, current), null);
            }

            Deletion.Mark(kind, tree, grace, time.GetUtcNow());
            if (options.DryRun || JsonNode.DeepEquals(tree, current.Tree))
            {
                return new DeleteResult(current, current);
            }

            var stored = store.Put(kind.Resource, tree, current);
            kind.Committed?.Invoke(current.Tree, stored.Tree);
            return new DeleteResult(stored, stored);
        }
    }

    // A delete that was asked for happens with the update that lifts the last hold.
    private static bool IsReleased(JsonObject tree) =>
        tree.IsDeleting() && tree.List("metadata", "finalizers") is not { Count: > 0 }
        && (tree.Number("metadata", "deletionGracePeriodSeconds") ?? 0) == 0
        && tree.List("spec", "finalizers") is not { Count: > 0 };

    private static void PrepareIdentity(ResourceKind kind, string @namespace, JsonObject tree)
    {
        tree["apiVersion"] = kind.Resource.ApiVersion;
        tree["kind"] = kind.Resource.Kind;
        var metadata = tree.Ensure("metadata");
        var given = metadata.Text("namespace") ?? "";
        if (given.Length > 0 && given != @namespace)
        {
            throw StatusException.BadRequest($"the namespace of the provided object does not match the namespace sent on the request");
        }

        if (@namespace.Length > 0)
        {
            metadata["namespace"] = @namespace;
        }

        if (string.IsNullOrEmpty(metadata.Text("name")) && metadata.Text("generateName") is { Length: > 0 } prefix)
        {
            metadata["name"] = ObjectNames.Generate(prefix);
        }
    }

    private static void CheckName(ResourceKind kind, JsonObject tree, FieldErrors errors)
    {
        var name = tree.Name();
        if (tree.Text("metadata", "generateName") is { Length: > 0 } prefix && ObjectNames.Problem(prefix.EndsWith('-') ? prefix[..^1] + "a" : prefix, kind.NameRule) is { } wrong)
        {
            errors.Invalid("metadata.generateName", prefix, wrong);
        }

        if (name.Length == 0)
        {
            errors.Required("metadata.name", "name or generateName is required");
        }
        else if (ObjectNames.Problem(name, kind.NameRule) is { } problem)
        {
            errors.Invalid("metadata.name", name, problem);
        }
    }

    private static void CheckPreconditions(ResourceKind kind, StoredObject current, JsonObject tree)
    {
        var version = tree.ResourceVersion();
        if (version.Length > 0 && version != "0" && version != current.Tree.ResourceVersion())
        {
            throw StatusException.Changed(kind.Resource, current.Key.Name);
        }

        if (tree.Uid() is { Length: > 0 } uid && uid != current.Tree.Uid())
        {
            throw StatusException.Conflict(kind.Resource, current.Key.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Tree.Uid()}");
        }
    }

    private static void PrepareForUpdate(ResourceKind kind, JsonObject old, JsonObject tree, WritePart part)
    {
        tree["apiVersion"] = kind.Resource.ApiVersion;
        tree["kind"] = kind.Resource.Kind;
        var metadata = tree.Ensure("metadata");
        metadata.Remove("selfLink");
        metadata.Remove("managedFields");
        foreach (var field in new[] { "name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "generateName" })
        {
            Restore(metadata, old.Map("metadata"), field);
        }

        if (part == WritePart.Status)
        {
            KeepAllButStatus(old, tree);
        }
        else if (kind.HasStatus && part == WritePart.Main)
        {
            Restore(tree, old, "status");
        }

        if (old.IsDeleting() && tree.Texts("metadata", "finalizers").Except(old.Texts("metadata", "finalizers")).ToList() is { Count: > 0 } added)
        {
            var errors = new FieldErrors();
            errors.Forbidden("metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers [{string.Join(' ', added)}]");
            throw StatusException.Invalid(kind.Resource, tree.Name(), errors.All);
        }
    }

    private static bool SpecChanged(JsonObject old, JsonObject tree)
    {
        var names = old.Select(static pair => pair.Key).Union(tree.Select(static pair => pair.Key));
        return names.Any(name => name is not ("metadata" or "status") && !JsonNode.DeepEquals(old[name], tree[name]));
    }

    private static void KeepAllButStatus(JsonObject old, JsonObject tree)
    {
        foreach (var name in old.Select(static pair => pair.Key).Union(tree.Select(static pair => pair.Key)).ToList())
        {
            if (name is not ("status" or "metadata"))
            {
                Restore(tree, old, name);
            }
        }

        foreach (var name in new[] { "finalizers", "ownerReferences" })
        {
            Restore(tree.Ensure("metadata"), old.Map("metadata"), name);
        }
    }

    private static void Restore(JsonObject tree, JsonObject? old, string field)
    {
        if (old is not null && old.TryGetPropertyValue(field, out var value))
        {
            tree[field] = value?.DeepClone();
        }
        else
        {
            tree.Remove(field);
        }
    }

    private static void Complete(ResourceKind kind, JsonObject tree, JsonObject? old)
    {
        var errors = new FieldErrors();
        CheckName(kind, tree, errors);
        kind.Default?.Invoke(tree);
        kind.Allocate?.Invoke(tree, old, errors);
        kind.Validate?.Invoke(tree, old, errors);
        if (errors.All.Count > 0)
        {
            throw StatusException.Invalid(kind.Resource, tree.Name(), errors.All);
        }

        if (old is not null && kind.HasGeneration && SpecChanged(old, tree))
        {
            tree.Ensure("metadata")["generation"] = (old.Number("metadata", "generation") ?? 0) + 1;
        }
    }

    private StoredObject Remove(ResourceKind kind, StoredObject current)
    {
        var last = store.Remove(kind.Resource, current);
        kind.Committed?.Invoke(current.Tree, null);
        return last;
    }

    private void PrepareForCreate(ResourceKind kind, JsonObject tree)
    {
        var metadata = tree.Ensure("metadata");
        if (metadata.Text("resourceVersion") is { Length: > 0 } and not "0")
        {
            throw StatusException.BadRequest("resourceVersion should not be set on objects to be created");
        }

        foreach (var field in new[] { "selfLink", "managedFields", "deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "generation" })
        {
            metadata.Remove(field);
        }

        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = JsonTree.Timestamp(time.GetUtcNow());
        if (kind.HasGeneration)
        {
            metadata["generation"] = 1;
        }

        if (kind.HasStatus && !kind.KeepsStatusOnCreate)
        {
            tree.Remove("status");
        }
    }

    private void RequireNamespace(ResourceKind kind, string @namespace, string name)
    {
        if (!kind.Resource.Namespaced)
        {
            return;
        }

        var item = store.Find(ApiResources.Namespaces, new ObjectKey("", @namespace)) ?? throw StatusException.NotFound(ApiResources.Namespaces, @namespace);
        if (item.Tree.IsDeleting())
        {
            throw StatusException.Forbidden(kind.Resource, name, $"unable to create new content in namespace {@namespace} because it is being terminated");
        }
    }
}

/// <summary>Which half of an object a write may change.</summary>
internal enum WritePart
{
    /// <summary>Everything but status.</summary>
    Main,

    /// <summary>Status only.</summary>
    Status,

    /// <summary>The server's own subresources (binding, finalize): no validation.</summary>
    Internal,
}

/// <summary>What a delete did.</summary>
/// <param name="Last">The object's last or current state.</param>
/// <param name="Held">The object, where it still exists.</param>
internal readonly record struct DeleteResult(StoredObject Last, StoredObject? Held);
