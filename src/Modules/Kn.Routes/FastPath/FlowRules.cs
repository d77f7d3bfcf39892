using Kn.Hosting;
using Kn.Linux.Nftables;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.Routes.FastPath;

/// <summary>Which packets the fast path may learn from. Pure.</summary>
/// <remarks>A packet that gets here has passed every filter, or will be dropped before it leaves, and then nothing is learned. Its connection has been answered
/// and acknowledged (assured), is not translated in either direction, and nobody reads along. Connection tracking does not see the packets that take the fast
/// path: <see cref="TrackingSettings"/>.</remarks>
internal static class FlowRules
{
    private const ConnectionStatus Asked = ConnectionStatus.Assured | ConnectionStatus.SourceNat | ConnectionStatus.DestinationNat | ConnectionStatus.Helper;

    private static readonly NftChain Chain = NftChain
        .Base("established", NftChainType.Filter, NftHookPoint.Forward, NodeResources.FastPathMarkPriority)
        .With(NftRule.Of(
            Match.Masked(Field.CtStatus, (uint)Asked, (uint)ConnectionStatus.Assured),
            Match.L4Protocol(IpProtocol.Tcp),
            Statement.SetMark(NodeResources.FastPathMark, NodeResources.FastPathMark)));

    /// <summary>The table, with this chain.</summary>
    public static NftTable AddTo(NftTable table) => table with { Chains = [.. table.Chains, Chain] };
}
