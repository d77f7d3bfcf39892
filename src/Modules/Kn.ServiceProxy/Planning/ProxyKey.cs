using System.Globalization;
using Kn.Kubernetes.Objects;

namespace Kn.ServiceProxy.Planning;

/// <summary>Names a piece of the proxy's state.</summary>
/// <param name="Kind">What the piece is about; the other members are empty unless it is a Service port.</param>
/// <param name="Service">The Service.</param>
/// <param name="Protocol">The port's protocol; unique together with <paramref name="Port"/> within a Service, which names are not over time.</param>
/// <param name="Port">The port of the Service's addresses.</param>
public readonly record struct ProxyKey(ProxyKeyKind Kind, ObjectKey Service, IpProtocol Protocol, ushort Port) : IComparable<ProxyKey>
{
    /// <summary>The key of the table.</summary>
    public static ProxyKey Table { get; } = new(ProxyKeyKind.Table, default, default, 0);

    /// <summary>The key of what holds for the whole node.</summary>
    public static ProxyKey Node { get; } = new(ProxyKeyKind.Node, default, default, 0);

    /// <summary>The key of what belongs to nobody.</summary>
    public static ProxyKey Strays { get; } = new(ProxyKeyKind.Strays, default, default, 0);

    /// <summary>The key of a Service's port.</summary>
    public static ProxyKey Of(ObjectKey service, ServicePort port) => new(ProxyKeyKind.ServicePort, service, port.Protocol, port.Port);

    /// <summary>Reads what <see cref="ToString"/> writes for a Service port: the kernel keeps it as the comment of a list.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ProxyKey key)
    {
        key = default;
        var slash = text.IndexOf('/');
        var colon = text.LastIndexOf(':');
        if (slash <= 0 || colon < slash + 2)
        {
            return false;
        }

        var port = text[(colon + 1)..];
        var divider = port.IndexOf('/');
        if (divider < 0
            || !TryParseProtocol(port[..divider], out var protocol)
            || !ushort.TryParse(port[(divider + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        key = new(ProxyKeyKind.ServicePort, new ObjectKey(text[..slash].ToString(), text[(slash + 1)..colon].ToString()), protocol, number);
        return true;
    }

    /// <summary>Order by kind, namespace, name, protocol and port: decides who gets an address that two Services claim.</summary>
    public int CompareTo(ProxyKey other)
    {
        var order = Kind.CompareTo(other.Kind);
        order = order != 0 ? order : string.CompareOrdinal(Service.Namespace, other.Service.Namespace);
        order = order != 0 ? order : string.CompareOrdinal(Service.Name, other.Service.Name);
        order = order != 0 ? order : Protocol.CompareTo(other.Protocol);
        return order != 0 ? order : Port.CompareTo(other.Port);
    }

    /// <summary>'namespace/name:tcp/80' for a Service port, else the kind in lower case.</summary>
    public override string ToString() => Kind == ProxyKeyKind.ServicePort
        ? string.Create(CultureInfo.InvariantCulture, $"{Service}:{ProtocolName(Protocol)}/{Port}")
        : Kind.ToString().ToLowerInvariant();

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator <(ProxyKey left, ProxyKey right) => left.CompareTo(right) < 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator >(ProxyKey left, ProxyKey right) => left.CompareTo(right) > 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator <=(ProxyKey left, ProxyKey right) => left.CompareTo(right) <= 0;

    /// <summary>Order of <see cref="CompareTo"/>.</summary>
    public static bool operator >=(ProxyKey left, ProxyKey right) => left.CompareTo(right) >= 0;

    internal static string ProtocolName(IpProtocol protocol) => protocol switch
    {
        IpProtocol.Tcp => "tcp",
        IpProtocol.Udp => "udp",
        IpProtocol.Sctp => "sctp",
        _ => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, "not a protocol of Services"),
    };

    private static bool TryParseProtocol(ReadOnlySpan<char> text, out IpProtocol protocol)
    {
        protocol = text switch
        {
            "tcp" => IpProtocol.Tcp,
            "udp" => IpProtocol.Udp,
            "sctp" => IpProtocol.Sctp,
            _ => default,
        };
        return protocol != default;
    }
}
