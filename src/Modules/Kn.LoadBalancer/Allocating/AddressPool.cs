using Kn.Kubernetes.Objects;
using Kn.LoadBalancer.Options;
using Kn.Primitives;

namespace Kn.LoadBalancer.Allocating;

/// <summary>A pool as the config has it, ready to be asked. Immutable.</summary>
internal sealed class AddressPool
{
    private readonly PoolOptions _options;
    private readonly IReadOnlyList<LabelSelector> _namespaces;
    private readonly IReadOnlyList<LabelSelector> _services;
    private readonly IReadOnlyList<LabelSelector> _nodes;

    public AddressPool(PoolOptions options)
    {
        _options = options;
        _namespaces = SelectorText.ParseAll(options.NamespaceSelectors);
        _services = SelectorText.ParseAll(options.ServiceSelectors);
        _nodes = SelectorText.ParseAll(options.NodeSelectors);
    }

    public string Name => _options.Name;

    public ValueList<IpRange> Ranges => _options.Addresses;

    public bool AutoAssign => _options.AutoAssign;

    public bool IsByArp => _options.Announce is AnnounceWay.Arp or AnnounceWay.Both;

    public bool IsByBgp => _options.Announce is AnnounceWay.Bgp or AnnounceWay.Both;

    public ValueList<string> Interfaces => _options.Interfaces;

    /// <summary>The order in which pools are tried: those for certain Services first, then by priority, 0 last.</summary>
    public (bool IsForAll, uint Priority) Order =>
        (_options.Namespaces.IsEmpty && _namespaces.Count == 0 && _services.Count == 0, _options.Priority == 0 ? uint.MaxValue : _options.Priority);

    /// <summary>The pools of a config, in the order in which they are tried.</summary>
    public static IReadOnlyList<AddressPool> Of(LoadBalancerOptions options) =>
        [.. options.Pools.Select(static pool => new AddressPool(pool)).OrderBy(static pool => pool.Order)];

    public bool Contains(IpAddress address) => Ranges.Any(range => range.Contains(address)) && !IsLeftOut(address);

    public bool Has(IpFamily family) => Ranges.Any(range => range.Family == family);

    public bool IsLeftOut(IpAddress address) => _options.AvoidBuggyIps && address.Family == IpFamily.V4 && (byte)address.Number is 0 or 255;

    /// <summary>Whether a Service may have addresses of this pool.</summary>
    public bool Allows(Service service, ValueMap<string, string> namespaceLabels)
    {
        var isNamespaceFree = _options.Namespaces.IsEmpty && _namespaces.Count == 0;
        return (isNamespaceFree || _options.Namespaces.Contains(service.Metadata.Namespace) || _namespaces.Any(selector => selector.Matches(namespaceLabels)))
            && (_services.Count == 0 || _services.Any(selector => selector.Matches(service.Metadata.Labels)));
    }

    /// <summary>Whether a node may announce addresses of this pool.</summary>
    public bool AllowsNode(Node node) => _nodes.Count == 0 || _nodes.Any(selector => selector.Matches(node.Metadata.Labels));

    /// <summary>How many addresses of a family it has to give.</summary>
    public double CountOf(IpFamily family)
    {
        var count = 0.0;
        foreach (var range in Ranges.Where(range => range.Family == family))
        {
            count += (double)(range.Last.Number - range.First.Number) + 1;
            if (_options.AvoidBuggyIps && family == IpFamily.V4)
            {
                count -= EndingIn(range, 0) + EndingIn(range, 255);
            }
        }

        return count;
    }

    private static double EndingIn(IpRange range, uint last)
    {
        // Numbers below n that end so: one of each whole 256, and one more when the rest reaches beyond it.
        static double Below(ulong n, uint last) => (n / 256) + (n % 256 > last ? 1UL : 0);
        return Below((ulong)range.Last.Number + 1, last) - Below((ulong)range.First.Number, last);
    }
}
