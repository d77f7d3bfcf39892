using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.ServiceProxy.Planning;

/// <summary>Which endpoints of a Service port may be used on this node.</summary>
/// <remarks>The rules are those of the EndpointSlice API (discovery.k8s.io/v1) and of the Service API's traffic policies: ready
/// endpoints, and when there is none, those that are terminating and still serving; topology hints narrow policy Cluster only.</remarks>
internal sealed class EndpointSelection
{
    private readonly Dictionary<EndpointAddress, Endpoint> _endpoints = [];
    private readonly string _nodeName;

    private EndpointSelection(string nodeName) => _nodeName = nodeName;

    /// <summary>Collects the endpoints of a Service port in one family: the union over its slices, each address and port once.</summary>
    public static EndpointSelection Of(ValueList<EndpointSlice> slices, ServicePort port, IpFamily family, string nodeName)
    {
        var selection = new EndpointSelection(nodeName);
        foreach (var slice in slices)
        {
            if (slice.Family == family && !ServiceProxyPlan.IsOfAnother(slice))
            {
                selection.Collect(slice, port);
            }
        }

        return selection;
    }

    /// <summary>The endpoints of policy Cluster as this node sees them, sorted.</summary>
    public ValueList<EndpointAddress> Cluster(string? zone)
    {
        var ready = _endpoints.Where(static pair => pair.Value.Ready).ToArray();
        return ready.Length > 0
            ? Sorted(Nearest(ready, zone))
            : Sorted(_endpoints.Where(static pair => IsLastResort(pair.Value)));
    }

    /// <summary>The endpoints of policy Local: those on this node, sorted.</summary>
    public ValueList<EndpointAddress> Local()
    {
        var here = _endpoints.Where(pair => IsHere(pair.Value)).ToArray();
        var ready = here.Where(static pair => pair.Value.Ready).ToArray();
        return Sorted(ready.Length > 0 ? ready : here.Where(static pair => IsLastResort(pair.Value)));
    }

    /// <summary>The endpoints that serve, those that terminate too.</summary>
    public IReadOnlySet<EndpointAddress> Serving() =>
        _endpoints.Where(static pair => pair.Value.Ready || pair.Value.Serving).Select(static pair => pair.Key).ToHashSet();

    /// <summary>True when some endpoint could serve, on this node or on another.</summary>
    public bool AnyUsable => _endpoints.Values.Any(static endpoint => endpoint.Ready || IsLastResort(endpoint));

    /// <summary>Those of the given endpoints' addresses that are on this node, sorted, each once.</summary>
    public ValueList<IpAddress> OnNode(IEnumerable<EndpointAddress> used) => used
        .Where(address => IsHere(_endpoints[address]))
        .Select(static address => address.Address)
        .Distinct()
        .Order()
        .ToValueList();

    private void Collect(EndpointSlice slice, ServicePort port)
    {
        foreach (var candidate in slice.Ports)
        {
            if (candidate.Protocol != port.Protocol || !string.Equals(candidate.Name, port.Name, StringComparison.Ordinal))
            {
                continue;
            }

            foreach (var endpoint in slice.Endpoints)
            {
                Merge(new EndpointAddress(endpoint.Address, candidate.Port ?? port.Port), endpoint);
            }
        }
    }

    /// <summary>While an endpoint moves between slices it is in both, perhaps in an older state in one: the better state counts. Of equal
    /// states one that says "on this node" counts, for the missing hairpin of a local endpoint breaks more than one too many; else the
    /// first, by the slices' names.</summary>
    private void Merge(EndpointAddress address, Endpoint endpoint)
    {
        if (!_endpoints.TryGetValue(address, out var other) || Rank(endpoint) > Rank(other) || (Rank(endpoint) == Rank(other) && IsHere(endpoint) && !IsHere(other)))
        {
            _endpoints[address] = endpoint;
        }
    }

    private static int Rank(Endpoint endpoint) => endpoint.Ready ? 2 : IsLastResort(endpoint) ? 1 : 0;

    private static bool IsLastResort(Endpoint endpoint) => endpoint is { Serving: true, Terminating: true };

    private bool IsHere(Endpoint endpoint) => string.Equals(endpoint.NodeName, _nodeName, StringComparison.Ordinal);

    /// <summary>Hints count only when every ready endpoint has them and some name this node, or else its zone.</summary>
    private KeyValuePair<EndpointAddress, Endpoint>[] Nearest(KeyValuePair<EndpointAddress, Endpoint>[] ready, string? zone)
    {
        if (Array.TrueForAll(ready, static pair => !pair.Value.ForNodes.IsEmpty))
        {
            var onNode = Array.FindAll(ready, pair => pair.Value.ForNodes.Contains(_nodeName));
            if (onNode.Length > 0)
            {
                return onNode;
            }
        }

        if (zone is not null && Array.TrueForAll(ready, static pair => !pair.Value.ForZones.IsEmpty))
        {
            var inZone = Array.FindAll(ready, pair => pair.Value.ForZones.Contains(zone));
            if (inZone.Length > 0)
            {
                return inZone;
            }
        }

        return ready;
    }

    private static ValueList<EndpointAddress> Sorted(IEnumerable<KeyValuePair<EndpointAddress, Endpoint>> endpoints) =>
        endpoints.Select(static pair => pair.Key).Order().ToValueList();
}
