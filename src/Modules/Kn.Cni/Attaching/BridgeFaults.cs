using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>What CHECK says of a bridge, the agent's and those of networks without an agent alike.</summary>
internal static class BridgeFaults
{
    /// <summary>What is wrong.</summary>
    /// <param name="host">Reads the kernel.</param>
    /// <param name="name">The bridge.</param>
    /// <param name="gateways">The addresses that it should have.</param>
    public static IEnumerable<string> Find(RouteSocket host, string name, IEnumerable<IpAddress> gateways)
    {
        if (host.FindLink(name) is not { } bridge)
        {
            yield return $"the bridge {name} is missing";
            yield break;
        }

        if (!bridge.IsUp)
        {
            yield return $"the bridge {name} is down";
        }

        var held = host.ReadAddresses(bridge.Index).Select(static address => address.Address).ToHashSet();
        foreach (var gateway in gateways.Where(gateway => !held.Contains(gateway)))
        {
            yield return $"the bridge {name} has not got the gateway's address {gateway}";
        }
    }
}
