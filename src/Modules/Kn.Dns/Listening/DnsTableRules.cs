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
/// <para>Pods' queries come in by prerouting, those of the node's own processes go out by output; answers always go out by output. What comes
/// in again over the loopback link is untracked already (nf_conntrack_in, net/netfilter/nf_conntrack_core.c). Every packet of the node
/// passes these hooks, most of them for one comparison; rules name the few addresses themselves, since a comparison costs less
/// than a set's look-up, and the table is replaced as a whole when they change.</para>
/// </remarks>
internal static class DnsTableRules
{
    private const string Queries = "queries";
    private const string Answers = "answers";
    /// <summary>The table's family and name.</summary>
    public static NftTableId Id { get; } = new(NftFamily.Inet, NodeResources.DnsTable);

    /// <summary>The whole table.</summary>
    /// <param name="addresses">What Kn serves and has given to the node.</param>
    /// <param name="port">The port of DNS.</param>
    public static NftTable Table(IEnumerable<IpAddress> addresses, ushort port)
    {
        var all = addresses.Order().ToList();
        var queries = NftRule.Of(Match.DestinationPort(port), Verdict.Jump(Queries));
        var answers = NftRule.Of(Match.SourcePort(port), Verdict.Jump(Answers));
        return new NftTable(Id.Family, Id.Name)
        {
            Comment = "cluster DNS",
            Chains =
            [
                NftChain.Of(Queries, [.. Untracked(all, IpProtocol.Udp, Match.Destination), .. Untracked(all, IpProtocol.Tcp, Match.Destination)]),
                NftChain.Of(Answers, [.. Untracked(all, IpProtocol.Udp, Match.Source), .. all.Select(Reset), .. Untracked(all, IpProtocol.Tcp, Match.Source)]),
                NftChain.Base("prerouting", NftChainType.Filter, NftHookPoint.Prerouting, NftPriority.Raw).With(queries),
                NftChain.Base("output", NftChainType.Filter, NftHookPoint.Output, NftPriority.Raw).With([answers, queries, .. all.Select(address => Unreachable(address, port))]),
            ],
        };
    }

    private static IEnumerable<NftRule> Untracked(IEnumerable<IpAddress> addresses, IpProtocol protocol, Func<IpAddress, RuleTerm> isServed) =>
        addresses.Select(address => NftRule.Of(Match.L4Protocol(protocol), Match.NfProto(address.Family), isServed(address), Statement.NoTrack(), Verdict.Accept));

    /// <summary>While no agent runs, its addresses are silent: who is told that nobody listens gives up at once, who is told nothing asks again
    /// when the agent is back. So "port unreachable" about a datagram to the port is dropped (its header stands behind the ICMP header and its
    /// own IP header).</summary>
    private static NftRule Unreachable(IpAddress address, ushort port)
    {
        const byte Icmp4Unreachable = 3;
        const byte Icmp6Unreachable = 1;
        const uint IcmpHeader = 8;
        const uint PortOffset = 2;
        var register = NftRegister.At(0);
        var (protocol, unreachable, ipHeader) = address.Family == IpFamily.V4 ? (IpProtocol.Icmp, Icmp4Unreachable, 20u) : (IpProtocol.Icmpv6, Icmp6Unreachable, 40u);
        return NftRule.Of(
            Match.L4Protocol(protocol),
            Match.NfProto(address.Family),
            Match.Source(address),
            new PayloadLoad(PayloadHeader.Transport, 0, 1, register),
            new Compare(register, CompareOperator.Equal, NftValue.Of(unreachable)),
            new PayloadLoad(PayloadHeader.Transport, IcmpHeader + ipHeader + PortOffset, 2, register),
            new Compare(register, CompareOperator.Equal, NftValue.OfPort(port)),
            Verdict.Drop);
    }

    /// <summary>For the same reason, the reset that answers a connection's first packet, which has the number 0.</summary>
    private static NftRule Reset(IpAddress address)
    {
        const uint TcpNumber = 4;
        const uint TcpFlags = 13;
        const byte ResetAndAck = 0x14;
        var register = NftRegister.At(0);
        return NftRule.Of(
            Match.L4Protocol(IpProtocol.Tcp),
            Match.NfProto(address.Family),
            Match.Source(address),
            new PayloadLoad(PayloadHeader.Transport, TcpFlags, 1, register),
            new Compare(register, CompareOperator.Equal, NftValue.Of(ResetAndAck)),
            new PayloadLoad(PayloadHeader.Transport, TcpNumber, 4, register),
            new Compare(register, CompareOperator.Equal, NftValue.Of([0, 0, 0, 0])),
            Verdict.Drop);
    }
}
