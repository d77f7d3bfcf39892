using System.Globalization;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nflog;
using Kn.Policy.Explaining;
using Kn.Policy.Planning;
using Kn.Policy.Tables;
using Kn.Primitives;

namespace Kn.Policy.Drops;

/// <summary>Says of a logged packet who sent it to whom, and what isolates the pod. Pure.</summary>
internal static class DropDescription
{
    private const byte Icmp = 1;
    private const byte Icmpv6 = 58;

    /// <summary>The packet; null for one that the table's rules did not log.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="explainer">Pods and policies.</param>
    /// <param name="node">This node's name.</param>
    /// <param name="time">When it was heard of.</param>
    public static PolicyDrop? Of(LoggedPacket packet, PolicyExplainer explainer, string node, DateTimeOffset time)
    {
        if (DirectionOf(packet) is not { } direction)
        {
            return null;
        }

        var headers = packet.Headers;
        var (from, to) = (explainer.PodAt(headers.Source), explainer.PodAt(headers.Destination));
        var isAnswer = IsAnswer(direction, IsHere(from, node), IsHere(to, node));
        var sender = End(headers.Source, headers.SourcePort, from);
        var receiver = End(headers.Destination, headers.DestinationPort, to);
        var subject = direction == PolicyDirection.Egress != isAnswer ? from : to;
        return new PolicyDrop
        {
            Time = time,
            Direction = direction == PolicyDirection.Ingress ? "ingress" : "egress",
            Protocol = ProtocolOf(headers.Protocol),
            Source = isAnswer ? receiver : sender,
            Destination = isAnswer ? sender : receiver,
            Answer = isAnswer,
            IsolatedBy = [.. DropCauses.Of(explainer, subject, direction).Select(static cause => cause.ToString())],
        };
    }

    /// <summary>The chain that logged it is in the rule's prefix.</summary>
    private static PolicyDirection? DirectionOf(LoggedPacket packet) => packet.Prefix switch
    {
        PolicyRuleset.IngressLogPrefix => PolicyDirection.Ingress,
        PolicyRuleset.EgressLogPrefix => PolicyDirection.Egress,
        _ => null,
    };

    /// <summary>Policies of a direction are those of one end of the connection, which is on this node. If it is the other end of the packet, the packet
    /// goes the other way. With both ends here nothing tells, and the first packet is by far the most likely one.</summary>
    private static bool IsAnswer(PolicyDirection direction, bool isFromHere, bool isToHere) =>
        direction == PolicyDirection.Egress ? isToHere && !isFromHere : isFromHere && !isToHere;

    private static bool IsHere(Pod? pod, string node) => pod is not null && string.Equals(pod.NodeName, node, StringComparison.Ordinal);

    private static PolicyDropEnd End(IpAddress address, ushort port, Pod? pod) => new()
    {
        Address = address.ToString(),
        Port = port == 0 ? null : port,
        Pod = pod?.Key.ToString(),
    };

    private static string ProtocolOf(byte number) => number switch
    {
        (byte)IpProtocol.Tcp => "TCP",
        (byte)IpProtocol.Udp => "UDP",
        (byte)IpProtocol.Sctp => "SCTP",
        Icmp => "ICMP",
        Icmpv6 => "ICMPv6",
        _ => number.ToString(CultureInfo.InvariantCulture),
    };
}
