using System.Collections.Immutable;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Cache;

public sealed partial class ClusterSnapshot
{
    /// <summary>A snapshot under change: a batch of any size costs in proportion to the batch. For one thread.</summary>
    public sealed class Builder
    {
        private readonly ObjectTable<Node>.Builder _nodes;
        private readonly ObjectTable<Pod>.Builder _pods;
        private readonly ObjectTable<Service>.Builder _services;
        private readonly ObjectTable<EndpointSlice>.Builder _slices;
        private readonly ObjectTable<Namespace>.Builder _namespaces;
        private readonly ObjectTable<ServiceCidr>.Builder _cidrs;
        private readonly ObjectTable<NetworkPolicy>.Builder _policies;
        private readonly ObjectTable<Ingress>.Builder _ingresses;
        private readonly ObjectTable<IngressClass>.Builder _classes;
        private readonly ObjectTable<Secret>.Builder _secrets;
        private readonly ImmutableDictionary<ObjectKey, ValueList<EndpointSlice>>.Builder _slicesByService;
        private readonly ImmutableDictionary<string, ImmutableDictionary<ObjectKey, Ingress>>.Builder _ingressesByHost;
        private readonly ImmutableDictionary<ObjectKey, ImmutableDictionary<ObjectKey, Ingress>>.Builder _ingressesByService;
        private readonly ImmutableDictionary<string, ImmutableDictionary<ObjectKey, Ingress>>.Builder _ingressesByTlsHost;
        private readonly ImmutableDictionary<ObjectKey, ImmutableDictionary<ObjectKey, Ingress>>.Builder _ingressesBySecret;

        internal Builder(ClusterSnapshot origin)
        {
            _nodes = origin.Nodes.ToBuilder();
            _pods = origin.Pods.ToBuilder();
            _services = origin.Services.ToBuilder();
            _slices = origin.EndpointSlices.ToBuilder();
            _namespaces = origin.Namespaces.ToBuilder();
            _cidrs = origin.ServiceCidrs.ToBuilder();
            _policies = origin.NetworkPolicies.ToBuilder();
            _ingresses = origin.Ingresses.ToBuilder();
            _classes = origin.IngressClasses.ToBuilder();
            _secrets = origin.Secrets.ToBuilder();
            _slicesByService = origin._slicesByService.ToBuilder();
            _ingressesByHost = origin._ingressesByHost.ToBuilder();
            _ingressesByService = origin._ingressesByService.ToBuilder();
            _ingressesByTlsHost = origin._ingressesByTlsHost.ToBuilder();
            _ingressesBySecret = origin._ingressesBySecret.ToBuilder();
        }

        /// <summary>Adds or replaces an object.</summary>
        /// <exception cref="ArgumentException">A kind that the snapshot does not hold.</exception>
        public void Set(KubernetesObject item)
        {
            switch (item)
            {
                case Node node:
                    _nodes.Set(node);
                    break;
                case Pod pod:
                    _pods.Set(pod);
                    break;
                case Service service:
                    _services.Set(service);
                    break;
                case EndpointSlice slice:
                    Reindex(_slices.Find(slice.Key), slice);
                    _slices.Set(slice);
                    break;
                case Namespace @namespace:
                    _namespaces.Set(@namespace);
                    break;
                case ServiceCidr cidr:
                    _cidrs.Set(cidr);
                    break;
                case NetworkPolicy policy:
                    _policies.Set(policy);
                    break;
                case Ingress ingress:
                    Reindex(_ingresses.Find(ingress.Key), ingress);
                    _ingresses.Set(ingress);
                    break;
                case IngressClass @class:
                    _classes.Set(@class);
                    break;
                case Secret secret:
                    _secrets.Set(secret);
                    break;
                default:
                    throw new ArgumentException($"no table for {item.GetType().Name}", nameof(item));
            }
        }

        /// <summary>Removes the object of this one's kind and key; false when it was not there.</summary>
        /// <exception cref="ArgumentException">A kind that the snapshot does not hold.</exception>
        public bool Remove(KubernetesObject item)
        {
            var kind = ResourceKinds.Of(item);
            if (kind.Find(this, item.Key) is not { } held)
            {
                return false;
            }

            RemoveHeld(held);
            return true;
        }

        /// <summary>The snapshot after the batch.</summary>
        public ClusterSnapshot ToSnapshot() => new()
        {
            Nodes = _nodes.ToTable(),
            Pods = _pods.ToTable(),
            Services = _services.ToTable(),
            EndpointSlices = _slices.ToTable(),
            Namespaces = _namespaces.ToTable(),
            ServiceCidrs = _cidrs.ToTable(),
            NetworkPolicies = _policies.ToTable(),
            Ingresses = _ingresses.ToTable(),
            IngressClasses = _classes.ToTable(),
            Secrets = _secrets.ToTable(),
            _slicesByService = _slicesByService.ToImmutable(),
            _ingressesByHost = _ingressesByHost.ToImmutable(),
            _ingressesByService = _ingressesByService.ToImmutable(),
            _ingressesByTlsHost = _ingressesByTlsHost.ToImmutable(),
            _ingressesBySecret = _ingressesBySecret.ToImmutable(),
        };

        internal KubernetesObject? Find<T>(ResourceKind<T> kind, ObjectKey key)
            where T : KubernetesObject => kind.Index switch
            {
                0 => _nodes.Find(key),
                1 => _pods.Find(key),
                2 => _services.Find(key),
                3 => _slices.Find(key),
                4 => _namespaces.Find(key),
                5 => _cidrs.Find(key),
                6 => _policies.Find(key),
                7 => _ingresses.Find(key),
                8 => _classes.Find(key),
                _ => _secrets.Find(key),
            };

        private void RemoveHeld(KubernetesObject held)
        {
            switch (held)
            {
                case Node:
                    _nodes.Remove(held.Key);
                    break;
                case Pod:
                    _pods.Remove(held.Key);
                    break;
                case Service:
                    _services.Remove(held.Key);
                    break;
                case EndpointSlice slice:
                    Reindex(slice, null);
                    _slices.Remove(held.Key);
                    break;
                case Namespace:
                    _namespaces.Remove(held.Key);
                    break;
                case ServiceCidr:
                    _cidrs.Remove(held.Key);
                    break;
                case NetworkPolicy:
                    _policies.Remove(held.Key);
                    break;
                case Ingress ingress:
                    Reindex(ingress, null);
                    _ingresses.Remove(held.Key);
                    break;
                case IngressClass:
                    _classes.Remove(held.Key);
                    break;
                default:
                    _secrets.Remove(held.Key);
                    break;
            }
        }

        private void Reindex(EndpointSlice? before, EndpointSlice? after)
        {
            if (before?.Service is { } old && old != after?.Service)
            {
                var rest = SlicesOf(old).Where(slice => slice.Key != before.Key).ToValueList();
                if (rest.IsEmpty)
                {
                    _slicesByService.Remove(old);
                }
                else
                {
                    _slicesByService[old] = rest;
                }
            }

            if (after?.Service is { } service)
            {
                _slicesByService[service] = SlicesOf(service)
                    .Where(slice => slice.Key != after.Key)
                    .Append(after)
                    .OrderBy(static slice => slice.Metadata.Name, StringComparer.Ordinal)
                    .ToValueList();
            }
        }

        private void Reindex(Ingress? before, Ingress? after)
        {
            IngressIndex.Change(_ingressesByHost, before, after, IngressIndex.HostsOf);
            IngressIndex.Change(_ingressesByService, before, after, IngressIndex.ServicesOf);
            IngressIndex.Change(_ingressesByTlsHost, before, after, IngressIndex.TlsHostsOf);
            IngressIndex.Change(_ingressesBySecret, before, after, IngressIndex.SecretsOf);
        }

        private ValueList<EndpointSlice> SlicesOf(ObjectKey service) =>
            _slicesByService.TryGetValue(service, out var slices) ? slices : default;
    }
}
