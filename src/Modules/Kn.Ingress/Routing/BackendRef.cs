using Kn.Kubernetes.Objects;

namespace Kn.Ingress.Routing;

/// <summary>A port of a Service, as whoever routes to it names it: by number or, where that is 0, by name.</summary>
/// <param name="Service">The Service.</param>
/// <param name="PortNumber">The port's number; 0 where it is named.</param>
/// <param name="PortName">Its name; empty where it has a number.</param>
internal readonly record struct BackendRef(ObjectKey Service, ushort PortNumber, string PortName)
{
    /// <summary>What its endpoints speak.</summary>
    public BackendProtocol Protocol { get; init; }

    /// <summary>How TLS is spoken to it; null where it is spoken to in the clear.</summary>
    public UpstreamTls? Tls { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{(Tls is null ? "" : "https://")}{Service}:{(PortNumber == 0 ? PortName : PortNumber)}";
}
