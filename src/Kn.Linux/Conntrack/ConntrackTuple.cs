using System.Globalization;
using Kn.Primitives;

namespace Kn.Linux.Conntrack;

/// <summary>One direction of a flow as the kernel keys it.</summary>
/// <param name="Source">Where its packets come from.</param>
/// <param name="Destination">Where they go.</param>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="SourcePort">Of TCP, UDP, SCTP; for ICMP the identifier.</param>
/// <param name="DestinationPort">Of TCP, UDP, SCTP; for ICMP the type in the high byte and the code in the low one.</param>
/// <remarks>struct nf_conntrack_tuple; CTA_TUPLE_*, uapi/linux/netfilter/nfnetlink_conntrack.h.</remarks>
public readonly record struct ConntrackTuple(IpAddress Source, IpAddress Destination, byte Protocol, ushort SourcePort, ushort DestinationPort)
{
    /// <summary>As conntrack(8) prints it.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"proto={Protocol} src={Source} dst={Destination} sport={SourcePort} dport={DestinationPort}");
}
