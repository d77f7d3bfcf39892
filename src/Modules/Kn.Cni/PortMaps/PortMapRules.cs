using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.PortMaps;

/// <summary>The rules of port mappings: they never change, containers are elements of maps (<see cref="PortMapSchema"/>). Pure.</summary>
/// <remarks>
/// <para>Pods' traffic to pods meets none of them after a connection's first packet: what is looked at for every packet hooks where the node
/// itself is the addressee. Outside clients keep their source address. Masqueraded is only who could not be answered otherwise: a container that
/// reaches itself, and the node's own processes that come from 127.0.0.1.</para>
/// <para>127.0.0.1 needs route_localnet on the link to the container, which alone would let the container reach what listens on the node's
/// loopback addresses (as CVE-2020-8558 of kube-proxy did). Connections that come from another link for such an address are dropped before
/// they are translated. Conntrack shows nat hooks only what begins a connection it can follow: the chain <c>loopback</c> drops the rest
/// (an ICMP error with a forged inside, say) where it would be delivered, and lets pass answers to the node's own translated connections.
/// IPv6 needs no such chain: the kernel itself drops packets for ::1 that come from a link, answers included
/// (rt6_need_strict, net/ipv6/route.c). So ::1 leads to a container only for a process that has bound to another source address,
/// as the conformance test of hostPort does; from ::1 the mapping does not exist.</para>
/// </remarks>
public static class PortMapRules
{
    private const uint LoopbackLink = 1;
    private const string AnswersChain = "loopback-answers";
    private static readonly IpPrefix Loopback4 = IpPrefix.Parse("127.0.0.0/8");
    private static readonly IpPrefix Loopback6 = IpPrefix.Of(IpAddress.Loopback(IpFamily.V6));

    /// <summary>The chains for the mappings' traffic but for the one at postrouting, those that others jump to first.</summary>
    public static ValueList<NftChain> Chains { get; } =
    [
        Translate(IpFamily.V4),
        Translate(IpFamily.V6),
        NftChain.Of(
            AnswersChain,
            NftRule.Of(Match.CtStatus(ConnectionStatus.DestinationNat), Match.CtDirection(ConnectionDirection.Reply), Verdict.Accept),
            NftRule.Of(Verdict.Drop)),
        NftChain.Base("loopback", NftChainType.Filter, NftHookPoint.Input, NodeResources.LoopbackGuardPriority)
            .With(NftRule.Of([.. ForLoopback, Verdict.Goto(AnswersChain)])),
        NftChain.Base("prerouting", NftChainType.Nat, NftHookPoint.Prerouting, NodeResources.HostPortNatPriority)
            .With(NftRule.Of([.. ForLoopback, Verdict.Drop]), Enter(IpFamily.V4), Enter(IpFamily.V6)),
        NftChain.Base("output", NftChainType.Nat, NftHookPoint.Output, NodeResources.HostPortNatPriority).With(
            Enter(IpFamily.V4),
            NftRule.Of(Match.NfProto(IpFamily.V6), Match.Source(Loopback6, inverted: true), Match.FibDestination(AddressKind.Local), Verdict.Jump(ChainOf(IpFamily.V6)))),
    ];

    /// <summary>The rules at postrouting: source translation where it is needed.</summary>
    public static ValueList<NftRule> Postrouting { get; } =
    [
        Hairpin(IpFamily.V4),
        Hairpin(IpFamily.V6),
        FromLoopback(),
    ];

    /// <summary>What comes from another link for the node's loopback addresses.</summary>
    private static RuleTerm[] ForLoopback => [Match.InputInterface(LoopbackLink, inverted: true), Match.NfProto(IpFamily.V4), Match.Destination(Loopback4)];

    /// <summary>A table of nothing but port mappings.</summary>
    public static NftTable Table(NftTableId id) => new(id.Family, id.Name)
    {
        Sets = PortMapSchema.All,
        Chains = Chains
            .Append(NftChain.Base("postrouting", NftChainType.Nat, NftHookPoint.Postrouting, NodeResources.MasqueradePriority).With(Postrouting.AsSpan()))
            .ToValueList(),
    };

    private static NftRule Enter(IpFamily family) =>
        NftRule.Of(Match.NfProto(family), Match.FibDestination(AddressKind.Local), Verdict.Jump(ChainOf(family)));

    private static NftChain Translate(IpFamily family) => NftChain.Of(
        ChainOf(family),
        NftRule.Of(Match.NfProto(family), Match.InSet(PortMapSchema.Protocols, Field.L4Protocol), Statement.Dnat(PortMapSchema.HostIps(family), PortMapSchema.AddressKey(family))),
        NftRule.Of(Match.NfProto(family), Match.InSet(PortMapSchema.Protocols, Field.L4Protocol), Statement.Dnat(PortMapSchema.HostPorts(family), PortMapSchema.PortKey)));

    private static NftRule Hairpin(IpFamily family) => NftRule.Of(
        Match.NfProto(family),
        Match.CtStatus(ConnectionStatus.DestinationNat),
        Match.InSet(PortMapSchema.Hairpin(family), Field.Source(family), Field.Destination(family)),
        Statement.Masquerade(fullyRandom: true));

    private static NftRule FromLoopback() => NftRule.Of(
        Match.NfProto(IpFamily.V4),
        Match.CtStatus(ConnectionStatus.DestinationNat),
        Match.OutputInterface(LoopbackLink, inverted: true),
        Match.Source(Loopback4),
        Statement.Masquerade(fullyRandom: true));

    private static string ChainOf(IpFamily family) => $"hostports{(int)family}";
}
