using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Explaining;

/// <summary>The words of a destination, <c>END[:PORT][/PROTOCOL]</c>, taken apart.</summary>
/// <param name="End">A pod, an address or a Service.</param>
/// <param name="Port">The port's number or name; empty for none.</param>
/// <param name="Protocol">The protocol; null where it is not said.</param>
/// <param name="Fault">What is wrong with them; null for nothing.</param>
internal sealed record ExplainTarget(string End, string Port, IpProtocol? Protocol, string? Fault)
{
    /// <summary>Takes words apart.</summary>
    public static ExplainTarget Parse(string destination)
    {
        // A pod's slash comes before its port, a protocol's behind it.
        var colon = destination.LastIndexOf(':');
        if (colon < 0 || IpAddress.TryParse(destination, out _))
        {
            return new ExplainTarget(destination.Trim('[', ']'), "", null, null);
        }

        var (end, port) = (destination[..colon].Trim('[', ']'), destination[(colon + 1)..]);
        var slash = port.IndexOf('/', StringComparison.Ordinal);
        var word = slash < 0 ? "" : port[(slash + 1)..];
        port = slash < 0 ? port : port[..slash];
        IpProtocol? protocol = word.ToLowerInvariant() switch
        {
            "tcp" => IpProtocol.Tcp,
            "udp" => IpProtocol.Udp,
            "sctp" => IpProtocol.Sctp,
            _ => null,
        };
        var fault = slash >= 0 && protocol is null ? $"'{destination}' does not end in /tcp, /udp or /sctp"
            : port.Length == 0 ? $"'{destination}' has no port after the colon"
            : null;
        return new ExplainTarget(end, port, protocol, fault);
    }
}
