using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.ServiceProxy.Tables;

/// <summary>The static chains of one family. Pure.</summary>
/// <remarks>Only the first packet of a connection walks them. The list's number travels in meta priority, the one settable field that
/// means nothing at these hooks; postrouting sets it back. A look-up's result may go only to nat, to a verdict or to a
/// <c>meta … set</c>: nft aborts on the listing of anything else.</remarks>
internal sealed class FamilyRules(IpFamily family, bool masqueradeAll)
{
    private const uint NotSpecial = 0xFFFF_FFF8;
    private readonly Field[] _vip = ProxySchema.Vip(family);

    private readonly Field[] _originalVip =
    [
        Field.CtDestination(ConnectionDirection.Original, family),
        Field.L4Protocol,
        Field.CtDestinationPort(ConnectionDirection.Original),
    ];

    private readonly string _suffix = family == IpFamily.V6 ? "6" : "4";

    /// <summary>The chains, each before those that lead to it.</summary>
    public IEnumerable<NftChain> Chains => [Special(), Balance(), Unknown(), Services(), Resolve(), FromElsewhere(), AfterDnat()];

    /// <summary>Name of the chain that a base chain jumps to for destination NAT.</summary>
    public string ServicesChain => "services" + _suffix;

    /// <summary>Name of the chain that chains of classes jump to for the list's number, which the look-up of the class has overwritten.</summary>
    public string ResolveChain => "resolve" + _suffix;

    /// <summary>Name of the chain that decides on masquerading.</summary>
    public string AfterDnatChain => "after-dnat" + _suffix;

    private string BalanceChain => "balance" + _suffix;

    private string UnknownChain => "unknown" + _suffix;

    private string SpecialChain => "special" + _suffix;

    private string FromElsewhereChain => "from-elsewhere" + _suffix;

    private NftSet Inside => Set(ProxySet.Inside4);

    /// <summary>A ClusterIP that is no Service's, or is one's at another port, is refused: a route by default must not carry it away. The
    /// second look-up is for clusters that do not say what their ClusterIPs are taken from.</summary>
    private NftChain Services() => NftChain.Of(
        ServicesChain,
        NftRule.Of(Statement.SetPriority(Map(ProxySet.Services4), _vip), Verdict.Goto(BalanceChain)),
        NftRule.Of(Match.IpDestination(Set(ProxySet.ServiceCidrs4), family), Verdict.Goto(UnknownChain)),
        NftRule.Of(Match.IpDestination(Set(ProxySet.ClusterIps4), family), Verdict.Goto(ProxyRules.RefuseChain)));

    /// <summary>What another proxy serves (service.kubernetes.io/service-proxy-name) it may translate after us.</summary>
    private NftChain Unknown() => NftChain.Of(
        UnknownChain,
        NftRule.Of(Match.IpDestination(Set(ProxySet.Foreign4), family), Verdict.Return),
        NftRule.Of(Verdict.Goto(ProxyRules.RefuseChain)));

    private NftChain Balance() => NftChain.Of(
        BalanceChain,
        NftRule.Of(Match.NoBit(Field.Priority, NotSpecial), Verdict.Jump(SpecialChain)),
        NftRule.Of(Statement.SetPriority(Map(ProxySet.Lists), Field.Priority)),
        NftRule.Of(Statement.VerdictMap(ProxySchema.Dispatch, Field.Priority)),
        NftRule.Of(Verdict.Drop));

    private NftChain Resolve() => NftChain.Of(
        ResolveChain,
        NftRule.Of(Statement.SetPriority(Map(ProxySet.Services4), _vip)),
        NftRule.Of(Match.NoBit(Field.Priority, NotSpecial), Verdict.Goto(SpecialChain)));

    private NftChain Special() => NftChain.Of(
        SpecialChain,
        NftRule.Of(Match.AnyBit(Field.Priority, ProxyElement.HasRanges), Match.NotInSet(Set(ProxySet.Ranges4), [.. _vip, Field.Source(family)]), Verdict.Drop),
        NftRule.Of(Statement.SetPriority(Map(ProxySet.Inner4), _vip)),
        NftRule.Of(
            Match.IpSource(Inside, family, inverted: true),
            Match.FibSource(AddressKind.Local, inverted: true),
            Statement.SetPriority(Map(ProxySet.Outside4), _vip)));

    private NftChain AfterDnat()
    {
        var rules = new List<NftRule>();
        if (masqueradeAll)
        {
            rules.Add(ToClusterIp());
        }

        rules.Add(NftRule.Of(Match.IpSource(Inside, family, inverted: true), Verdict.Goto(FromElsewhereChain)));
        rules.Add(NftRule.Of(
            Match.InSet(Set(ProxySet.Hairpin4), Field.Source(family), Field.Destination(family)),
            Statement.Masquerade(fullyRandom: true)));
        rules.Add(ToExternal());
        rules.Add(FromPodElsewhere());
        return new NftChain(AfterDnatChain) { Rules = rules.ToValueList() };
    }

    /// <summary>A pod of another node that asked this node by a VIP with policy Local got an endpoint anywhere, as every pod does. One on this
    /// node answers by this node; one elsewhere would answer the pod directly, which knows nothing of it.</summary>
    private NftRule FromPodElsewhere() => NftRule.Of(
        Match.IpSource(Set(ProxySet.Elsewhere4), family),
        Match.NotInSet(Set(ProxySet.Hairpin4), Field.Destination(family), Field.Destination(family)),
        Match.NfProto(family),
        Statement.SetPriority(Map(ProxySet.Outside4), _originalVip),
        Statement.SetPriority(0),
        Statement.Masquerade(fullyRandom: true));

    /// <summary>The last rule is for the node's own processes that use a VIP with policy Local: they got an endpoint anywhere, which
    /// would answer to an address that only this node has.</summary>
    private NftChain FromElsewhere() => NftChain.Of(
        FromElsewhereChain,
        ToClusterIp(),
        ToExternal(),
        NftRule.Of(
            Match.NfProto(family),
            Match.FibSource(AddressKind.Local),
            Statement.SetPriority(Map(ProxySet.Outside4), _originalVip),
            Statement.SetPriority(0),
            Statement.Masquerade(fullyRandom: true)));

    private NftRule ToClusterIp() => NftRule.Of(
        Match.NfProto(family),
        Match.InSet(Set(ProxySet.ClusterIps4), Field.CtDestination(ConnectionDirection.Original, family)),
        Statement.Masquerade(fullyRandom: true));

    private NftRule ToExternal() => NftRule.Of(
        Match.NfProto(family),
        Match.InSet(Set(ProxySet.External4), _originalVip),
        Statement.Masquerade(fullyRandom: true));

    private NftSet Set(ProxySet v4) => ProxySchema.Of(v4.In(family));

    private NftMap Map(ProxySet v4) => ProxySchema.MapOf(v4.Family() is null ? v4 : v4.In(family));
}
