using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;
using Kn.Lab.ApiServer.Storage;
using Kn.Primitives;

namespace Kn.Lab.Tests.ApiServer;

/// <summary>A registry without HTTP, with the namespace default.</summary>
internal sealed class Registry
{
    public Registry(int history = 1000, string[]? prefixes = null)
    {
        var services = new ServiceAllocation((prefixes ?? ["10.96.0.0/24", "fd00:10:96::/112"]).Select(text => IpPrefix.Parse(text)), new Random(1));
        Objects = new ObjectRegistry(new ObjectStore(history), new KindCatalog(services, new CustomKinds()), TimeProvider.System);
        Create(ApiResources.Namespaces, "{metadata: {name: default}}");
    }

    public ObjectRegistry Objects { get; }

    public ResourceKind Kind(ApiResource resource) => Objects.Kinds.Of(resource);

    public JsonObject Create(ApiResource resource, string yaml, bool dryRun = false) =>
        Objects.Create(Kind(resource), resource.Namespaced ? "default" : "", Json.Of(yaml), dryRun).Tree;

    public JsonObject Update(ApiResource resource, string name, Func<JsonObject, JsonObject> change, WritePart part = WritePart.Main) =>
        Objects.Update(Kind(resource), Key(resource, name), part, change, dryRun: false).Tree;

    public DeleteResult Delete(ApiResource resource, string name, long? grace = null, string? propagation = null) =>
        Objects.Delete(Kind(resource), Key(resource, name), new DeleteOptions(grace, propagation, null, null, false));

    public StoredObject? Find(ApiResource resource, string name) => Objects.Store.Find(resource, Key(resource, name));

    private static ObjectKey Key(ApiResource resource, string name) => new(resource.Namespaced ? "default" : "", name);
}
