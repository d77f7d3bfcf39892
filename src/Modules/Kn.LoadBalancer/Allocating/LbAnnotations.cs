using Kn.Kubernetes.Objects;

namespace Kn.LoadBalancer.Allocating;

/// <summary>What Services say by annotation: Kn's own names, and those that people have in their manifests already. The first that is there counts.</summary>
/// <remarks>MetalLB (both prefixes), Cilium's LB-IPAM, kube-vip.</remarks>
internal static class LbAnnotations
{
    public const string Addresses = "kn.internal/load-balancer-ips";
    public const string Pool = "kn.internal/address-pool";
    public const string Sharing = "kn.internal/allow-shared-ip";

    private static readonly string[] s_addresses =
    [
        Addresses, "metallb.io/loadBalancerIPs", "metallb.universe.tf/loadBalancerIPs", "lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips", "kube-vip.io/loadbalancerIPs",
    ];

    private static readonly string[] s_pool = [Pool, "metallb.io/address-pool", "metallb.universe.tf/address-pool"];

    private static readonly string[] s_sharing =
        [Sharing, "metallb.io/allow-shared-ip", "metallb.universe.tf/allow-shared-ip", "lbipam.cilium.io/sharing-key", "io.cilium/lb-ipam-sharing-key"];

    /// <summary>Addresses that are asked for, with commas between; empty for none.</summary>
    public static string AddressesOf(Service service) => First(service, s_addresses);

    /// <summary>The pool that is asked for; empty for none.</summary>
    public static string PoolOf(Service service) => First(service, s_pool);

    /// <summary>The key by which Services share an address; empty for a Service that does not.</summary>
    public static string SharingOf(Service service) => First(service, s_sharing);

    private static string First(Service service, string[] names)
    {
        foreach (var name in names)
        {
            if (service.Metadata.Annotations.TryGetValue(name, out var value) && !string.IsNullOrWhiteSpace(value))
            {
                return value.Trim();
            }
        }

        return "";
    }
}
