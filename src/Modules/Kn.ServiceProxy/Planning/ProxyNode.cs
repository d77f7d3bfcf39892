using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.ServiceProxy.Planning;

/// <summary>What a plan needs to know of this node beside the cluster's objects. Frozen.</summary>
public sealed record ProxyNode
{
    /// <summary>The node's name in the API.</summary>
    public required string Name { get; init; }

    /// <summary>The cluster's prefixes, from the config.</summary>
    public ClusterOptions Cluster { get; init; } = new();

    /// <summary>The module's options.</summary>
    public ServiceProxyOptions Options { get; init; } = new();

    /// <summary>The addresses of the node's links, for <c>nodePortAddresses</c> other than primary; sorted, without loopback and link-local ones.</summary>
    public ValueList<IpAddress> LinkAddresses { get; init; }
}
