using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>Which addresses the bridge of local pods has. Pure.</summary>
/// <param name="Wanted">The gateway of each subnet.</param>
/// <param name="Unwanted">Addresses of podCIDRs that the node no longer has and no pod is left of.</param>
internal sealed record BridgeGateways(ValueList<PodSubnet> Wanted, ValueList<LinkAddress> Unwanted)
{
    /// <summary>How far a free address is looked for; the others of a podCIDR are pods'.</summary>
    private const int MostTried = 1 << 16;

    /// <summary>Chooses them.</summary>
    /// <param name="podCidrs">The node's podCIDRs.</param>
    /// <param name="held">What the bridge has, but for link-local addresses.</param>
    /// <param name="before">What was wanted before: a gateway never changes while its pods live.</param>
    /// <param name="taken">Addresses of pods.</param>
    public static BridgeGateways Choose(ValueList<IpPrefix> podCidrs, IReadOnlyCollection<LinkAddress> held, ValueList<PodSubnet> before, ValueList<IpAddress> taken)
    {
        var wanted = new List<PodSubnet>();
        foreach (var prefix in podCidrs)
        {
            wanted.Add(new PodSubnet(prefix, Known(prefix, held, before) ?? FirstFree(prefix, taken)));
        }

        var others = held.Select(static address => new PodSubnet(new IpPrefix(address.Address, address.PrefixLength), address.Address)).Concat(before)
            .Where(subnet => !podCidrs.Contains(subnet.Prefix)).Distinct().ToList();
        // Before the podCIDRs are known, what is there stays.
        var kept = others.Where(subnet => podCidrs.IsEmpty || taken.Any(subnet.Prefix.Contains)).ToList();
        return new BridgeGateways(
            wanted.Concat(kept).ToValueList(),
            held.Where(address => others.Except(kept).Any(subnet => subnet.Gateway == address.Address)).ToValueList());
    }

    /// <summary>A gateway as an address of the bridge.</summary>
    public static LinkAddress AddressOf(PodSubnet subnet) => new()
    {
        Address = subnet.Gateway ?? subnet.Prefix.Address,
        PrefixLength = subnet.Prefix.Length,
        Flags = subnet.Prefix.Family == IpFamily.V6 ? LinkAddressFlags.NoDuplicateDetection : LinkAddressFlags.None,
    };

    private static IpAddress? Known(IpPrefix prefix, IReadOnlyCollection<LinkAddress> held, ValueList<PodSubnet> before)
    {
        foreach (var address in held)
        {
            if (address.PrefixLength == prefix.Length && prefix.Contains(address.Address))
            {
                return address.Address;
            }
        }

        return before.Where(subnet => subnet.Prefix == prefix).Select(static subnet => subnet.Gateway).FirstOrDefault();
    }

    private static IpAddress FirstFree(IpPrefix prefix, ValueList<IpAddress> taken)
    {
        for (var offset = 1; offset < MostTried; offset++)
        {
            var address = prefix.Address.Add((UInt128)offset);
            if (!taken.Contains(address))
            {
                return address;
            }
        }

        return prefix.Address.Add(1);
    }
}
