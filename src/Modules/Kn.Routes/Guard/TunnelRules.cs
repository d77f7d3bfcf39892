using Kn.Hosting;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.Routes.Guard;

/// <summary>The table <c>inet kn-routes</c>, there while the node has a tunnel: who may send into it, and that conntrack leaves it alone. Pure.</summary>
/// <remarks>
/// <para>VXLAN has no notion of who sends (RFC 7348 §7): whoever reaches the UDP port puts packets with any source into the pod network. So packets of Kn's
/// VNI are taken from nodes' addresses only, and never from the node's own pods. Other VNIs on the same port are not Kn's business.</para>
/// <para>Outer packets are not tracked: each inner connection has a source port of its own (RFC 7348 §5), and so would have an entry of its own besides the
/// inner one's, on both nodes.</para>
/// </remarks>
internal static class TunnelRules
{
    private const string Received = "received";
    private const string Sent = "sent";
    private static readonly IpFamily[] Families = [IpFamily.V4, IpFamily.V6];
    private static readonly uint[] PodGroups = [NodeResources.PodLinkGroup, NodeResources.PodBridgeGroup];

    /// <summary>The table's family and name.</summary>
    public static NftTableId Id { get; } = new(NftFamily.Inet, NodeResources.RoutesTable);

    /// <summary>The whole table.</summary>
    /// <param name="nodes">The addresses that nodes may send from.</param>
    /// <param name="vxlan">Port and VNI.</param>
    public static NftTable Table(IEnumerable<IpAddress> nodes, VxlanOptions vxlan)
    {
        var all = nodes.Distinct().Order().ToList();
        return new NftTable(Id.Family, Id.Name)
        {
            Comment = "tunnels between nodes",
            Sets = Families.Select(family => Set(family, all.Where(address => address.Family == family))).ToValueList(),
            Chains =
            [
                NftChain.Of(
                    Received,
                    [
                        .. PodGroups.Select(static group => NftRule.Of(Match.InputGroup(group), Match.FibDestination(AddressKind.Local), Verdict.Drop)),
                        .. Families.Select(static family => NftRule.Of(Match.NfProto(family), Match.IpSource(Set(family, []), family), Statement.NoTrack(), Verdict.Accept)),
                        NftRule.Of(Match.FibDestination(AddressKind.Local), Verdict.Drop),
                    ]),
                NftChain.Of(Sent, [.. Families.Select(static family => NftRule.Of(Match.NfProto(family), Match.IpDestination(Set(family, []), family), Statement.NoTrack(), Verdict.Accept))]),
                NftChain.Base("prerouting", NftChainType.Filter, NftHookPoint.Prerouting, NftPriority.Raw).With(OfTunnel(vxlan, Received)),
                NftChain.Base("output", NftChainType.Filter, NftHookPoint.Output, NftPriority.Raw).With(OfTunnel(vxlan, Sent)),
            ],
        };
    }

    /// <summary>The table without what changes: equal frames need no new rules.</summary>
    public static NftTable Frame(NftTable table) => table with { Sets = table.Sets.Select(static set => set with { Elements = default }).ToValueList() };

    /// <summary>UDP to the port, with the VNI in bytes 4 to 6 of the VXLAN header, behind the UDP header.</summary>
    private static NftRule OfTunnel(VxlanOptions vxlan, string chain)
    {
        const uint UdpHeader = 8;
        const uint VniOffset = 4;
        const uint VniBytes = 3;
        var register = NftRegister.At(0);
        return NftRule.Of(
            Match.L4Protocol(IpProtocol.Udp),
            Match.DestinationPort(vxlan.Port),
            new PayloadLoad(PayloadHeader.Transport, UdpHeader + VniOffset, VniBytes, register),
            new Compare(register, CompareOperator.Equal, NftValue.Of([(byte)(vxlan.Vni >> 16), (byte)(vxlan.Vni >> 8), (byte)vxlan.Vni])),
            Verdict.Goto(chain));
    }

    private static NftSet Set(IpFamily family, IEnumerable<IpAddress> addresses) =>
        new(family == IpFamily.V4 ? "nodes4" : "nodes6", NftKey.Typeof(Field.Source(family))) { Comment = "nodes' addresses", Elements = addresses.Select(NftElement.Of).ToValueList() };
}
