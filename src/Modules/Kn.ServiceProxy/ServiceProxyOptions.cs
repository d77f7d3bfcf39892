using System.Net;
using System.Text.Json.Serialization;
using Kn.Hosting.Options;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy;

/// <summary>Settings of Services, config section <c>serviceProxy</c>.</summary>
public sealed record ServiceProxyOptions : IModuleOptions
{
    /// <summary>The word for the node's first address of each family.</summary>
    internal const string Primary = "primary";

    /// <summary>The word for every address of the node.</summary>
    internal const string AllAddresses = "all";

    /// <summary>Where NodePorts are served: <c>primary</c> (this Node's first InternalIP of each
    /// family, or ExternalIP where it has none), <c>all</c>, or prefixes that addresses of the
    /// node's links are taken from. Default primary, as kube-proxy's nftables mode: a NodePort on every network of a node is a surprise.</summary>
    public ValueList<string> NodePortAddresses { get; init; } = [Primary];

    /// <summary>Also serve NodePorts on 127.0.0.1 and ::1, for the node's own processes. Default false: it needs the kernel setting
    /// route_localnet, which Kn then guards.</summary>
    public bool LocalhostNodePorts { get; init; }

    /// <summary>How new connections are spread over endpoints: random, round-robin or source-hash. Default random, which knows no
    /// state and cannot be tricked into one endpoint; a Service may say otherwise.</summary>
    public string LoadBalancing { get; init; } = BalanceMethods.Words[0];

    /// <summary>Where /healthz and /livez are answered as kube-proxy answers them, for load balancers that ask the nodes; "none" for
    /// nowhere. Default kube-proxy's own address.</summary>
    public string HealthAddress { get; init; } = "0.0.0.0:10256";

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

        errors.Require(BalanceMethods.Words.Contains(LoadBalancing), nameof(LoadBalancing), $"'{LoadBalancing}' must be one of {string.Join(", ", BalanceMethods.Words)}");
        errors.Require(HealthAddress == "none" || HealthEndPoint() is not null, nameof(HealthAddress), $"'{HealthAddress}' is not an address and port such as 0.0.0.0:10256, nor none");
    }

    /// <summary>The parsed <see cref="HealthAddress"/>; null for none.</summary>
    internal IPEndPoint? HealthEndPoint() => IPEndPoint.TryParse(HealthAddress, out var endPoint) && endPoint.Port > 0 ? endPoint : null;
}
