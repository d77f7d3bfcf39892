using System.Collections.Immutable;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Cache;

/// <summary>The cluster as the informers knew it at one moment: every kind's objects, and the indexes over them. Immutable.</summary>
/// <remarks>Kinds that no enabled module watches are empty. Changing it, by <see cref="With"/> and <see cref="Without"/>, gives a
/// new snapshot in time and memory proportional to the change.</remarks>
public sealed class ClusterSnapshot
{
    private ImmutableDictionary<ObjectKey, ValueList<EndpointSlice>> _slicesByService =
        ImmutableDictionary<ObjectKey, ValueList<EndpointSlice>>.Empty;

    private ClusterSnapshot()
    {
    }

    /// <summary>A cluster without objects.</summary>
    public static ClusterSnapshot Empty { get; } = new();

    /// <summary>Nodes, by name.</summary>
    public ObjectTable<Node> Nodes { get; private init; } = ObjectTable<Node>.Empty;

    /// <summary>Pods: all, or those of this node, as the enabled modules asked.</summary>
    public ObjectTable<Pod> Pods { get; private init; } = ObjectTable<Pod>.Empty;

    /// <summary>Services.</summary>
    public ObjectTable<Service> Services { get; private init; } = ObjectTable<Service>.Empty;

    /// <summary>EndpointSlices.</summary>
    public ObjectTable<EndpointSlice> EndpointSlices { get; private init; } = ObjectTable<EndpointSlice>.Empty;

    /// <summary>Namespaces, by name.</summary>
    public ObjectTable<Namespace> Namespaces { get; private init; } = ObjectTable<Namespace>.Empty;

    /// <summary>ServiceCIDRs, by name.</summary>
    public ObjectTable<ServiceCidr> ServiceCidrs { get; private init; } = ObjectTable<ServiceCidr>.Empty;

    /// <summary>The slices of a Service, ordered by name; empty when there are none.</summary>
    public ValueList<EndpointSlice> SlicesOf(ObjectKey service) => _slicesByService.GetValueOrDefault(service);

    /// <summary>A snapshot of just these objects; for tests and tools.</summary>
    public static ClusterSnapshot Of(params IEnumerable<KubernetesObject> objects) =>
        objects.Aggregate(Empty, static (snapshot, item) => snapshot.With(item));

    /// <summary>This snapshot with one object added or replaced.</summary>
    /// <exception cref="ArgumentException">A kind that the snapshot does not hold.</exception>
    public ClusterSnapshot With(KubernetesObject item) => item switch
    {
        Node node => Copy(nodes: Nodes.With(node)),
        Pod pod => Copy(pods: Pods.With(pod)),
        Service service => Copy(services: Services.With(service)),
        EndpointSlice slice => Copy(slices: EndpointSlices.With(slice), index: Reindex(EndpointSlices.Find(slice.Key), slice)),
        Namespace @namespace => Copy(namespaces: Namespaces.With(@namespace)),
        ServiceCidr cidr => Copy(cidrs: ServiceCidrs.With(cidr)),
        _ => throw new ArgumentException($"no table for {item.GetType().Name}", nameof(item)),
    };

    /// <summary>This snapshot without the object; the same when it was not there.</summary>
    /// <exception cref="ArgumentException">A kind that the snapshot does not hold.</exception>
    public ClusterSnapshot Without(KubernetesObject item) => item switch
    {
        Node => Copy(nodes: Nodes.Without(item.Key)),
        Pod => Copy(pods: Pods.Without(item.Key)),
        Service => Copy(services: Services.Without(item.Key)),
        EndpointSlice => Copy(slices: EndpointSlices.Without(item.Key), index: Reindex(EndpointSlices.Find(item.Key), null)),
        Namespace => Copy(namespaces: Namespaces.Without(item.Key)),
        ServiceCidr => Copy(cidrs: ServiceCidrs.Without(item.Key)),
        _ => throw new ArgumentException($"no table for {item.GetType().Name}", nameof(item)),
    };

    private ImmutableDictionary<ObjectKey, ValueList<EndpointSlice>> Reindex(EndpointSlice? before, EndpointSlice? after)
    {
        var index = _slicesByService;
        if (before?.Service is { } old)
        {
            var rest = index.GetValueOrDefault(old).Where(slice => slice.Key != before.Key).ToValueList();
            index = rest.IsEmpty ? index.Remove(old) : index.SetItem(old, rest);
        }

        if (after?.Service is { } service)
        {
            var slices = index.GetValueOrDefault(service).Append(after).OrderBy(static slice => slice.Metadata.Name, StringComparer.Ordinal);
            index = index.SetItem(service, slices.ToValueList());
        }

        return index;
    }

    private ClusterSnapshot Copy(
        ObjectTable<Node>? nodes = null,
        ObjectTable<Pod>? pods = null,
        ObjectTable<Service>? services = null,
        ObjectTable<EndpointSlice>? slices = null,
        ImmutableDictionary<ObjectKey, ValueList<EndpointSlice>>? index = null,
        ObjectTable<Namespace>? namespaces = null,
        ObjectTable<ServiceCidr>? cidrs = null) => new()
        {
            Nodes = nodes ?? Nodes,
            Pods = pods ?? Pods,
            Services = services ?? Services,
            EndpointSlices = slices ?? EndpointSlices,
            _slicesByService = index ?? _slicesByService,
            Namespaces = namespaces ?? Namespaces,
            ServiceCidrs = cidrs ?? ServiceCidrs,
        };
}
