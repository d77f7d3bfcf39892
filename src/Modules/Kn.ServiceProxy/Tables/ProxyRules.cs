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

    /// <summary>What names the table.</summary>
    public static NftTableId TableId { get; } = new(NftFamily.Inet, NodeResources.ProxyTable);

    /// <summary>The static part: sets without elements, chains with rules, the classes of empty lists.</summary>
    /// <param name="layout">What the table says of itself.</param>
    /// <param name="masqueradeAll">Whether pods are masqueraded on their way to ClusterIPs, too.</param>
    public static NftTable Static(string layout, bool masqueradeAll)
    {
        var v4 = new FamilyRules(IpFamily.V4, masqueradeAll);
        var v6 = new FamilyRules(IpFamily.V6, masqueradeAll);
        return new NftTable(TableId.Family, TableId.Name)
        {
            Comment = layout,
            Sets = ProxySchema.All.Select(static set => ReferenceEquals(set, ProxySchema.Dispatch) ? set with { Elements = EmptyClasses } : set).ToValueList(),
            Chains = ((NftChain[])[Refuse(), .. v4.Chains, .. v6.Chains, .. BaseChains(v4, v6)]).ToValueList(),
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
