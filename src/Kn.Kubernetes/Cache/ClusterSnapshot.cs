using System.Collections.Immutable;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Cache;

/// <summary>The cluster as the informers knew it at one moment: every kind's objects, and the indexes over them. Immutable.</summary>
/// <remarks>Kinds that no enabled module watches are empty. Changing it, by <see cref="With"/> and <see cref="Without"/> or a
/// <see cref="Builder"/>, gives a new snapshot in time and memory proportional to the change.</remarks>
public sealed partial class ClusterSnapshot
{
    private ImmutableDictionary<ObjectKey, ValueList<EndpointSlice>> _slicesByService =
        ImmutableDictionary<ObjectKey, ValueList<EndpointSlice>>.Empty;

    private ImmutableDictionary<string, ImmutableDictionary<ObjectKey, Ingress>> _ingressesByHost = IngressIndex.Empty<string>();
    private ImmutableDictionary<ObjectKey, ImmutableDictionary<ObjectKey, Ingress>> _ingressesByService = IngressIndex.Empty<ObjectKey>();
    private ImmutableDictionary<string, ImmutableDictionary<ObjectKey, Ingress>> _ingressesByTlsHost = IngressIndex.Empty<string>();
    private ImmutableDictionary<ObjectKey, ImmutableDictionary<ObjectKey, Ingress>> _ingressesBySecret = IngressIndex.Empty<ObjectKey>();

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

    /// <summary>NetworkPolicies.</summary>
    public ObjectTable<NetworkPolicy> NetworkPolicies { get; private init; } = ObjectTable<NetworkPolicy>.Empty;

    /// <summary>Ingresses of every class.</summary>
    public ObjectTable<Ingress> Ingresses { get; private init; } = ObjectTable<Ingress>.Empty;

    /// <summary>IngressClasses, by name.</summary>
    public ObjectTable<IngressClass> IngressClasses { get; private init; } = ObjectTable<IngressClass>.Empty;

    /// <summary>Secrets: those of the types that the enabled modules asked for.</summary>
    public ObjectTable<Secret> Secrets { get; private init; } = ObjectTable<Secret>.Empty;

    /// <summary>The hosts that Ingresses of any class have rules for, in lower case; the empty one stands for every host.</summary>
    public IEnumerable<string> IngressHosts => _ingressesByHost.Keys;

    /// <summary>The Services that Ingresses of any class lead to.</summary>
    public IEnumerable<ObjectKey> IngressServices => _ingressesByService.Keys;

    /// <summary>The Ingresses that have rules for a host, in no particular order. One that has nothing but a default backend is
    /// among those of the empty host.</summary>
    public IEnumerable<Ingress> IngressesOf(string host) => _ingressesByHost.TryGetValue(host, out var found) ? found.Values : [];

    /// <summary>The hosts that Ingresses of any class ask TLS for, in lower case.</summary>
    public IEnumerable<string> IngressTlsHosts => _ingressesByTlsHost.Keys;

    /// <summary>The Ingresses that ask TLS for a host, in no particular order.</summary>
    /// <param name="host">In lower case; a wildcard is a host of its own.</param>
    public IEnumerable<Ingress> IngressesWithTls(string host) => _ingressesByTlsHost.TryGetValue(host, out var found) ? found.Values : [];

    /// <summary>The Ingresses that have certificates from a Secret, in no particular order.</summary>
    public IEnumerable<Ingress> IngressesWithSecret(ObjectKey secret) => _ingressesBySecret.TryGetValue(secret, out var found) ? found.Values : [];

    /// <summary>The Ingresses that lead to a Service, in no particular order.</summary>
    public IEnumerable<Ingress> IngressesTo(ObjectKey service) => _ingressesByService.TryGetValue(service, out var found) ? found.Values : [];

    /// <summary>The slices of a Service, ordered by name; empty when there are none.</summary>
    public ValueList<EndpointSlice> SlicesOf(ObjectKey service) => _slicesByService.GetValueOrDefault(service);

    /// <summary>A snapshot of just these objects; a key that occurs twice keeps its last object.</summary>
    public static ClusterSnapshot Of(params IEnumerable<KubernetesObject> objects)
    {
        var builder = Empty.ToBuilder();
        foreach (var item in objects)
        {
            builder.Set(item);
        }

        return builder.ToSnapshot();
    }

    /// <summary>This snapshot with one object added or replaced.</summary>
    /// <exception cref="ArgumentException">A kind that the snapshot does not hold.</exception>
    public ClusterSnapshot With(KubernetesObject item)
    {
        var builder = ToBuilder();
        builder.Set(item);
        return builder.ToSnapshot();
    }

    /// <summary>This snapshot without the object; the same when it was not there.</summary>
    /// <exception cref="ArgumentException">A kind that the snapshot does not hold.</exception>
    public ClusterSnapshot Without(KubernetesObject item)
    {
        var builder = ToBuilder();
        return builder.Remove(item) ? builder.ToSnapshot() : this;
    }

    /// <summary>Starts a batch of changes; the way to make many at once.</summary>
    public Builder ToBuilder() => new(this);
}
