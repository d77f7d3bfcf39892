using System.Text.Json.Serialization;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Options;

/// <summary>What peers are told, config section <c>routes.bgp.advertise</c>.</summary>
public sealed record BgpAdvertiseOptions
{
    /// <summary>This node's podCIDRs. Default true, as kube-router.</summary>
    [JsonPropertyName("podCIDRs")]
    public bool PodCidrs { get; init; } = true;

    /// <summary>ClusterIPs of Services. Default false: they are for inside. A Service's annotation service.advertise.clusterip says otherwise.</summary>
    [JsonPropertyName("clusterIPs")]
    public bool ClusterIps { get; init; }

    /// <summary>spec.externalIPs of Services. Default false: whoever may write a Service could take over any address (CVE-2020-8554). A Service's
    /// annotation service.advertise.externalip says otherwise.</summary>
    [JsonPropertyName("externalIPs")]
    public bool ExternalIps { get; init; }

    /// <summary>The addresses of status.loadBalancer. Default true: it is what they are for. A Service's annotation service.advertise.loadbalancerip
    /// says otherwise.</summary>
    [JsonPropertyName("loadBalancerIPs")]
    public bool LoadBalancerIps { get; init; } = true;

    /// <summary>Prefixes that are told in place of the Service addresses in them; an address that only some nodes serve (traffic policy Local) is told
    /// beside it. Default none.</summary>
    public ValueList<IpPrefix> Aggregates { get; init; }

    /// <summary>Communities on everything that this node tells: 64512:100, 64512:1:2 (large), or a name such as no-export. Default none.</summary>
    public ValueList<string> Communities { get; init; }

    internal void Validate(OptionErrors errors, string prefix)
    {
        for (var index = 0; index < Aggregates.Count; index++)
        {
            errors.Require(Aggregates[index].Length > 0, $"{prefix}{nameof(Aggregates)}[{index}]", "must not be a default route");
        }

        CommunityOptions.Validate(errors, Communities, prefix + nameof(Communities));
    }
}
