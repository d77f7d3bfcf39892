using System.Text.Json.Serialization;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.ServiceProxy;

/// <summary>Settings of Services, config section <c>serviceProxy</c>.</summary>
public sealed record ServiceProxyOptions : IModuleOptions
{
    /// <summary>The word for the node's InternalIPs.</summary>
    internal const string Primary = "primary";

    /// <summary>The word for every address of the node.</summary>
    internal const string AllAddresses = "all";

    /// <summary>Where NodePorts are served: <c>primary</c> (this Node's InternalIPs), <c>all</c>, or prefixes that addresses of the
    /// node's links are taken from. Default primary, as kube-proxy's nftables mode: a NodePort on every network of a node is a surprise.</summary>
    public ValueList<string> NodePortAddresses { get; init; } = [Primary];

    /// <summary>Also masquerade what pods send to ClusterIPs. Default false: endpoints see the pod's own address.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>Serve <c>spec.externalIPs</c>. Default false: whoever may write a Service could take over any address (CVE-2020-8554),
    /// and Kubernetes has deprecated the field.</summary>
    [JsonPropertyName("externalIPs")]
    public bool ExternalIps { get; init; }

    /// <summary>Keep a route <c>SERVICECIDR dev lo</c>, so that the node itself reaches ClusterIPs where it has no default route.
    /// Default true: without some route the kernel refuses the connection before the proxy sees it.</summary>
    public bool ServiceRoutes { get; init; } = true;

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
        errors.Require(!NodePortAddresses.IsEmpty, nameof(NodePortAddresses), "must name at least one of primary, all or a prefix such as 192.168.0.0/16");
        for (var i = 0; i < NodePortAddresses.Count; i++)
        {
            var entry = NodePortAddresses[i];
            errors.Require(
                entry is Primary or AllAddresses || IpPrefix.TryParse(entry, out _),
                $"{nameof(NodePortAddresses)}[{i}]",
                "must be primary, all or a prefix such as 192.168.0.0/16");
        }
    }
}
