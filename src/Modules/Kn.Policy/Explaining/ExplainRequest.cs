using System.Globalization;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Explaining;

/// <summary>Reads what somebody asks in words: <c>SRC DST[:PORT][/PROTOCOL]</c>, each end NAMESPACE/POD or an address. Pure.</summary>
internal static class ExplainRequest
{
    /// <summary>The questions, one for each family that both ends have.</summary>
    /// <param name="cluster">Where pods are looked for.</param>
    /// <param name="source">Such as <c>shop/cart-0</c> or <c>192.0.2.7</c>.</param>
    /// <param name="destination">Such as <c>shop/db-0:5432</c>, <c>10.0.0.9:53/udp</c>, <c>[fd00::9]:80</c>; without a port, what has none (ICMP).</param>
    /// <param name="questions">The questions; at least one where this returns null.</param>
    /// <returns>What is wrong; null where nothing is.</returns>
    public static string? Parse(ClusterSnapshot cluster, string source, string destination, out ValueList<FlowQuestion> questions)
    {
        questions = default;
        var (end, port, protocol) = Split(destination);
        if (protocol is null)
        {
            return $"'{destination}' does not end in /tcp, /udp or /sctp";
        }

        var number = (ushort)0;
        if (port.Length > 0 && !ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            return $"'{port}' is not a port";
        }

        if ((Fault(cluster, source) ?? Fault(cluster, end)) is { } fault)
        {
            return fault;
        }

        var found = new List<FlowQuestion>();
        foreach (var from in Addresses(cluster, source))
        {
            foreach (var to in Addresses(cluster, end))
            {
                if (from.Family == to.Family)
                {
                    found.Add(new FlowQuestion(from, to, port.Length > 0 ? protocol : null, number));
                }
            }
        }

        questions = found.ToValueList();
        return found.Count > 0 ? null : $"'{source}' and '{end}' have no address family in common";
    }

    private static string? Fault(ClusterSnapshot cluster, string end)
    {
        if (IpAddress.TryParse(end, out _))
        {
            return null;
        }

        var slash = end.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || slash == end.Length - 1)
        {
            return $"'{end}' is neither an address nor NAMESPACE/POD";
        }

        return cluster.Pods.Find(end[..slash], end[(slash + 1)..]) switch
        {
            null => $"there is no pod {end}",
            { PodIps.IsEmpty: true } => $"pod {end} has no address yet",
            _ => null,
        };
    }

    private static ValueList<IpAddress> Addresses(ClusterSnapshot cluster, string end)
    {
        if (IpAddress.TryParse(end, out var address))
        {
            return [address];
        }

        var slash = end.IndexOf('/', StringComparison.Ordinal);
        return cluster.Pods.Find(end[..slash], end[(slash + 1)..])?.PodIps ?? default;
    }

    /// <summary>The end, the text of its port, and its protocol; null for one that is not known.</summary>
    private static (string End, string Port, IpProtocol? Protocol) Split(string destination)
    {
        // A pod's slash comes before its port, a protocol's behind it.
        var colon = destination.LastIndexOf(':');
        if (colon < 0 || IpAddress.TryParse(destination, out _))
        {
            return (destination, "", IpProtocol.Tcp);
        }

        var port = destination[(colon + 1)..];
        var slash = port.IndexOf('/', StringComparison.Ordinal);
        var protocol = slash < 0 ? IpProtocol.Tcp : ProtocolOf(port[(slash + 1)..]);
        return (destination[..colon].Trim('[', ']'), slash < 0 ? port : port[..slash], protocol);
    }

    private static IpProtocol? ProtocolOf(string word) => word switch
    {
        "tcp" or "TCP" => IpProtocol.Tcp,
        "udp" or "UDP" => IpProtocol.Udp,
        "sctp" or "SCTP" => IpProtocol.Sctp,
        _ => null,
    };
}
