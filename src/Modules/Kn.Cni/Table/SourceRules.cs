using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Table;

/// <summary>Keeps pods from borrowing addresses: what rp_filter does for IPv4, which the kernel has not for IPv6. Pure.</summary>
/// <remarks>A connection whose source is not routed to the pod's own link ends with its first packet, before it is translated. Packets of
/// established connections pass without a look, which costs them nothing; who wants to slip into another pod's connection has to
/// guess its ports and, with TCP, its numbers.</remarks>
internal static class SourceRules
{
    private const uint NoLink = 0;

    /// <summary>The chain.</summary>
    public static NftChain Chain { get; } = NftChain.Base("sources", NftChainType.Nat, NftHookPoint.Prerouting, NodeResources.PodSourcePriority).With(
        NftRule.Of(Match.NfProto(IpFamily.V6), Match.InputGroup(NodeResources.PodLinkGroup), Match.Equal(Field.FibSourceLink, NftValue.Of(NoLink)), Verdict.Drop));
}
