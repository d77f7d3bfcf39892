using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.Dns.Listening;

/// <summary>The table <c>inet kn-dns</c>: queries to the addresses that Kn serves, and their answers, are not tracked. Pure.</summary>
/// <remarks>
/// <para>What conntrack does not see costs no entry of its table, cannot fill it, and skips every nat chain: so the Service proxy, which
/// translates the same address for the cluster's DNS Service, leaves port 53 alone, and goes on translating the Service's other ports.</para>
/// <para>Both at prerouting and at output: pods' queries come in by the first, those of the node's own processes go out by the second and
/// come in again by the first; answers, likewise, the other way round. Every packet of the node passes these hooks: most are looked at for
/// two port numbers and no more.</para>
/// </remarks>
internal static class DnsTableRules
{
    private const string Queries = "queries";
    private const string Answers = "answers";
    private static readonly IpFamily[] Families = [IpFamily.V4, IpFamily.V6];
    private static readonly IpProtocol[] Protocols = [IpProtocol.Udp, IpProtocol.Tcp];

    /// <summary>The table's family and name.</summary>
    public static NftTableId Id { get; } = new(NftFamily.Inet, NodeResources.DnsTable);

    /// <summary>The whole table.</summary>
    /// <param name="addresses">What Kn serves and has given to the node.</param>
    /// <param name="port">The port of DNS.</param>
    public static NftTable Table(IEnumerable<IpAddress> addresses, ushort port)
    {
        var all = addresses.Order().ToList();
        NftRule[] byPort =
        [
            NftRule.Of(Match.DestinationPort(port), Verdict.Jump(Queries)),
            NftRule.Of(Match.SourcePort(port), Verdict.Jump(Answers)),
        ];
        return new NftTable(Id.Family, Id.Name)
        {
            Comment = "cluster DNS",
            Sets = Families.Select(family => Set(family, all.Where(address => address.Family == family))).ToValueList(),
            Chains =
            [
                NftChain.Of(Queries, [.. Untracked(static family => Match.IpDestination(Set(family, []), family))]),
                NftChain.Of(Answers, [.. Untracked(static family => Match.IpSource(Set(family, []), family))]),
                NftChain.Base("prerouting", NftChainType.Filter, NftHookPoint.Prerouting, NftPriority.Raw).With(byPort),
                NftChain.Base("output", NftChainType.Filter, NftHookPoint.Output, NftPriority.Raw).With([.. byPort, .. Families.SelectMany(family => Patience(family, port))]),
            ],
        };
    }

    private static IEnumerable<NftRule> Untracked(Func<IpFamily, RuleTerm> isServed) => Families.SelectMany(family =>
        Protocols.Select(protocol => NftRule.Of(Match.NfProto(family), Match.L4Protocol(protocol), isServed(family), Statement.NoTrack())));

    /// <summary>While no agent runs, its addresses are silent: who is told that nobody listens gives up at once, who is told nothing asks again
    /// when the agent is back. So these are dropped: "port unreachable" about a datagram to the port (its header stands behind the ICMP header
    /// and its own IP header), and the reset that answers a connection's first packet, which has the number 0.</summary>
    private static NftRule[] Patience(IpFamily family, ushort port)
    {
        const byte Icmp4Unreachable = 3;
        const byte Icmp6Unreachable = 1;
        const uint IcmpHeader = 8;
        const uint PortOffset = 2;
        const uint TcpNumber = 4;
        const uint TcpFlags = 13;
        const byte ResetAndAck = 0x14;
        var register = NftRegister.At(0);
        var (protocol, unreachable, ipHeader) = family == IpFamily.V4 ? (IpProtocol.Icmp, Icmp4Unreachable, 20u) : (IpProtocol.Icmpv6, Icmp6Unreachable, 40u);
        return
        [
            NftRule.Of(
                Match.L4Protocol(protocol),
                Match.NfProto(family),
                Match.IpSource(Set(family, []), family),
                new PayloadLoad(PayloadHeader.Transport, 0, 1, register),
                new Compare(register, CompareOperator.Equal, NftValue.Of(unreachable)),
                new PayloadLoad(PayloadHeader.Transport, IcmpHeader + ipHeader + PortOffset, 2, register),
                new Compare(register, CompareOperator.Equal, NftValue.OfPort(port)),
                Verdict.Drop),
            NftRule.Of(
                Match.L4Protocol(IpProtocol.Tcp),
                Match.SourcePort(port),
                Match.NfProto(family),
                Match.IpSource(Set(family, []), family),
                new PayloadLoad(PayloadHeader.Transport, TcpFlags, 1, register),
                new Compare(register, CompareOperator.Equal, NftValue.Of(ResetAndAck)),
                new PayloadLoad(PayloadHeader.Transport, TcpNumber, 4, register),
                new Compare(register, CompareOperator.Equal, NftValue.Of([0, 0, 0, 0])),
                Verdict.Drop),
        ];
    }

    private static NftSet Set(IpFamily family, IEnumerable<IpAddress> addresses) =>
        new(NameOf(family), NftKey.Typeof(Field.Destination(family))) { Comment = "served by Kn", Elements = addresses.Select(NftElement.Of).ToValueList() };

    private static string NameOf(IpFamily family) => family == IpFamily.V4 ? "addresses4" : "addresses6";
}
