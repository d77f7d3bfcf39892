using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Primitives;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.ServiceProxy.Tables;

/// <summary>The table <c>inet kn-proxy</c> as it is when no Service exists. Pure. docs/design/service-proxy.md draws it.</summary>
internal static class ProxyRules
{
    /// <summary>The chain that answers with a reset or "port unreachable".</summary>
    public const string RefuseChain = "refuse";

    /// <summary>Every network namespace has its loopback as its first link.</summary>
    private const uint LoopbackIndex = 1;

    private static readonly IpPrefix Loopback = IpPrefix.Parse("127.0.0.0/8");

    /// <summary>What names the table.</summary>
    public static NftTableId TableId { get; } = new(NftFamily.Inet, NodeResources.ProxyTable);

    /// <summary>The static part: sets without elements, chains with rules, the classes of empty lists.</summary>
    /// <param name="layout">What the table says of itself.</param>
    /// <param name="options">The options that change rules.</param>
    public static NftTable Static(string layout, ServiceProxyOptions options)
    {
        var v4 = new FamilyRules(IpFamily.V4, options.MasqueradeAll);
        var v6 = new FamilyRules(IpFamily.V6, options.MasqueradeAll);
        return new NftTable(TableId.Family, TableId.Name)
        {
            Comment = layout,
            Sets = ProxySchema.All.Select(static set => ReferenceEquals(set, ProxySchema.Dispatch) ? set with { Elements = EmptyClasses } : set).ToValueList(),
            Chains = ((NftChain[])[Refuse(), .. v4.Chains, .. v6.Chains, .. BaseChains(v4, v6), .. options.LocalhostNodePorts ? [LoopbackGuard()] : (NftChain[])[]]).ToValueList(),
        };
    }

    /// <summary>The element of <c>dispatch</c> that leads a class to its chain.</summary>
    public static NftElement DispatchOf(NewClass added) => new(NftValue.Of(added.Number), Verdict.Goto(added.Class.ChainName));

    private static ValueList<NftElement> EmptyClasses { get; } =
    [
        new(NftValue.Of(BalanceClass.Drop), Verdict.Drop),
        new(NftValue.Of(BalanceClass.Refuse), Verdict.Goto(RefuseChain)),
        new(NftValue.Of(BalanceClass.V6Bit | BalanceClass.Drop), Verdict.Drop),
        new(NftValue.Of(BalanceClass.V6Bit | BalanceClass.Refuse), Verdict.Goto(RefuseChain)),
    ];

    private static NftChain Refuse() => NftChain.Of(
        RefuseChain,
        NftRule.Of(Match.L4Protocol(IpProtocol.Tcp), Statement.RejectTcp()),
        NftRule.Of(Statement.Reject()));

    /// <summary>With route_localnet the kernel takes packets from the wire to, or from, 127.0.0.0/8: whoever is next to the node would reach
    /// what listens for the node's own processes only (CVE-2020-8558). Before conntrack, so that answers to translated connections,
    /// which have the node's address here, are not meant. For ::1 the kernel does this by itself.</summary>
    private static NftChain LoopbackGuard() => NftChain.Base("loopback-guard", NftChainType.Filter, NftHookPoint.Prerouting, NftPriority.Raw).With(
        NftRule.Of(Match.InputInterface(LoopbackIndex, inverted: true), Match.NfProto(IpFamily.V4), Match.Destination(Loopback), Verdict.Drop),
        NftRule.Of(Match.InputInterface(LoopbackIndex, inverted: true), Match.NfProto(IpFamily.V4), Match.Source(Loopback), Verdict.Drop));

    private static NftChain[] BaseChains(FamilyRules v4, FamilyRules v6)
    {
        NftRule[] toServices =
        [
            NftRule.Of(Match.NfProto(IpFamily.V4), Verdict.Jump(v4.ServicesChain)),
            NftRule.Of(Match.NfProto(IpFamily.V6), Verdict.Jump(v6.ServicesChain)),
        ];
        return
        [
            NftChain.Base("prerouting", NftChainType.Nat, NftHookPoint.Prerouting, NodeResources.ServiceNatPriority).With(toServices),
            NftChain.Base("output", NftChainType.Nat, NftHookPoint.Output, NodeResources.ServiceNatPriority).With(toServices),
            NftChain.Base("postrouting", NftChainType.Nat, NftHookPoint.Postrouting, NodeResources.MasqueradePriority).With(
                NftRule.Of(Match.CtStatusNot(ConnectionStatus.DestinationNat), Verdict.Return),
                NftRule.Of(Statement.SetPriority(0)),
                NftRule.Of(Match.NfProto(IpFamily.V4), Verdict.Jump(v4.AfterDnatChain)),
                NftRule.Of(Match.NfProto(IpFamily.V6), Verdict.Jump(v6.AfterDnatChain))),
        ];
    }
}
