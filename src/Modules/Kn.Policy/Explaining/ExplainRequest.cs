using System.Globalization;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Explaining;

/// <summary>Reads what somebody asks in words: <c>SRC DST[:PORT][/PROTOCOL]</c>. Pure.</summary>
/// <remarks>An end is NAMESPACE/POD, a pod's name where no other namespace has a pod of that name, or an address; the destination also a Service, as
/// svc/NAMESPACE/NAME or by its ClusterIP: then each of its endpoints is asked about, as policies judge after its translation.</remarks>
internal static class ExplainRequest
{
    /// <summary>The questions, one for each family that both ends have.</summary>
    /// <param name="cluster">Where pods and Services are looked for.</param>
    /// <param name="source">Such as <c>shop/cart-0</c> or <c>192.0.2.7</c>.</param>
    /// <param name="destination">Such as <c>shop/db-0:5432</c>, <c>shop/db-0:http</c>, <c>10.0.0.9:53/udp</c>, <c>[fd00::9]:80</c>, <c>svc/shop/db:5432</c>;
    /// without a port, what has none (ICMP).</param>
    /// <param name="questions">The questions; at least one where this returns null.</param>
    /// <returns>What is wrong, and what to do; null where nothing is.</returns>
    public static string? Parse(ClusterSnapshot cluster, string source, string destination, out ValueList<FlowQuestion> questions)
    {
        questions = default;
        var target = ExplainTarget.Parse(destination);
        if (target.Fault is not null)
        {
            return target.Fault;
        }

        var from = ExplainEnd.Find(cluster, source);
        if (from.Fault is not null)
        {
            return from.Fault;
        }

        return ServiceEndpoints.Find(cluster, target) is { } service
            ? Endpoints(cluster, from, service, target, out questions)
            : Pods(cluster, from, target, out questions);
    }

    private static string? Pods(ClusterSnapshot cluster, ExplainEnd from, ExplainTarget target, out ValueList<FlowQuestion> questions)
    {
        questions = default;
        if (ServiceEndpoints.Missing(cluster, target) is { } missing)
        {
            return missing;
        }

        var to = ExplainEnd.Find(cluster, target.End);
        var (port, protocol, fault) = to.Fault is null ? PortOf(to.Pod, target) : default;
        if ((to.Fault ?? fault) is { } wrong)
        {
            return wrong;
        }

        questions = Pairs(from.Addresses, to.Addresses.Select(address => (address, protocol, port)));
        return questions.IsEmpty ? $"'{from.Text}' and '{to.Text}' have no address family in common" : null;
    }

    private static string? Endpoints(ClusterSnapshot cluster, ExplainEnd from, Service service, ExplainTarget target, out ValueList<FlowQuestion> questions)
    {
        questions = default;
        if (ServiceEndpoints.PortOf(service, target, out var port) is { } fault)
        {
            return fault;
        }

        var endpoints = ServiceEndpoints.Of(cluster, service, port).ToList();
        if (endpoints.Count == 0)
        {
            return $"Service {service.Key} has no endpoint for port {port.Port}: no pod that it selects is ready";
        }

        questions = Pairs(from.Addresses, endpoints);
        return questions.IsEmpty ? $"'{from.Text}' and the endpoints of Service {service.Key} have no address family in common" : null;
    }

    private static ValueList<FlowQuestion> Pairs(IEnumerable<IpAddress> sources, IEnumerable<(IpAddress Address, IpProtocol? Protocol, ushort Port)> destinations) => sources
        .SelectMany(from => destinations.Where(to => to.Address.Family == from.Family).Select(to => new FlowQuestion(from, to.Address, to.Protocol, to.Port)))
        .ToValueList();

    /// <summary>A port's number; of a name, the number that the pod gives it.</summary>
    private static (ushort Port, IpProtocol? Protocol, string? Fault) PortOf(Pod? pod, ExplainTarget target)
    {
        if (target.Port.Length == 0)
        {
            return (0, null, null);
        }

        if (ushort.TryParse(target.Port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0)
        {
            return (number, target.Protocol ?? IpProtocol.Tcp, null);
        }

        if (char.IsAsciiDigit(target.Port[0]))
        {
            return (0, null, $"'{target.Port}' is not a port: 1 to 65535, or a name that the pod gives one");
        }

        if (pod is null)
        {
            return (0, null, $"'{target.Port}' is the name of a port, and '{target.End}' is no pod that could have one: give the number");
        }

        foreach (var port in pod.Ports)
        {
            if (string.Equals(port.Name, target.Port, StringComparison.Ordinal) && (target.Protocol is null || target.Protocol == port.Protocol))
            {
                return (port.Port, port.Protocol, null);
            }
        }

        var names = string.Join(", ", pod.Ports.Where(static port => port.Name.Length > 0).Select(static port => port.Name).Distinct());
        return (0, null, $"pod {pod.Key} has no port named '{target.Port}'{(names.Length > 0 ? $": there are {names}" : "; give the number")}");
    }
}
