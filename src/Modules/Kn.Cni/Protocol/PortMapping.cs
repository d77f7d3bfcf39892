using System.Text.Json;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary>A port of the node that leads to a port of a container (a container's <c>hostPort</c> in Kubernetes).</summary>
/// <param name="HostPort">On the node; never 0.</param>
/// <param name="ContainerPort">In the container; never 0.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="HostIp">The node's address that it holds for; null for all of both families. An address of nothing but zeros stands for
/// all addresses of its family.</param>
/// <remarks>CNI conventions (CONVENTIONS.md of the specification), capability <c>portMappings</c>.</remarks>
public sealed record PortMapping(ushort HostPort, ushort ContainerPort, IpProtocol Protocol, IpAddress? HostIp = null)
{
    /// <summary>Whether it holds for addresses of a family.</summary>
    public bool Covers(IpFamily family) => HostIp is not { } address || address.Family == family;

    /// <summary>Whether a packet could be for both mappings.</summary>
    public bool Overlaps(PortMapping other)
    {
        if (HostPort != other.HostPort || Protocol != other.Protocol)
        {
            return false;
        }

        return HostIp is not { } mine
            || other.HostIp is not { } theirs
            || (mine.Family == theirs.Family && (mine == theirs || mine.IsAny || theirs.IsAny));
    }

    /// <summary>As <c>10.0.0.1:8080/tcp -> 80</c>.</summary>
    public override string ToString()
    {
        var host = HostIp switch
        {
            null => "*",
            { Family: IpFamily.V6 } address => $"[{address}]",
            { } address => address.ToString(),
        };
        return $"{host}:{HostPort}/{NameOf(Protocol)} -> {ContainerPort}";
    }

    /// <summary>The name of a protocol as the capability spells it.</summary>
    public static string NameOf(IpProtocol protocol) => protocol switch
    {
        IpProtocol.Udp => "udp",
        IpProtocol.Sctp => "sctp",
        _ => "tcp",
    };

    /// <summary>Reads the list. Entries with hostPort 0 map nothing and are left out, as by the reference plugin; so are repetitions.</summary>
    internal static ValueList<PortMapping> ReadList(JsonElement config, string path)
    {
        var mappings = JsonMembers.ReadList(config, path, "portMappings", Read).Where(static mapping => mapping.HostPort != 0).Distinct().ToValueList();
        var claims = new HashSet<(ushort, IpProtocol)>();
        foreach (var mapping in mappings)
        {
            // Most lists have no port twice; only then each is compared with each.
            if (!claims.Add((mapping.HostPort, mapping.Protocol))
                && mappings.FirstOrDefault(other => other != mapping && other.Overlaps(mapping)) is { } other)
            {
                throw new CniException(CniErrorCode.InvalidConfig, $"{path}.portMappings: {other} and {mapping} are for the same port of the node");
            }
        }

        return mappings;
    }

    /// <summary>The protocol of this name, whatever its case; null for another one.</summary>
    internal static IpProtocol? ParseProtocol(string name) => name.ToUpperInvariant() switch
    {
        "TCP" => IpProtocol.Tcp,
        "UDP" => IpProtocol.Udp,
        "SCTP" => IpProtocol.Sctp,
        _ => null,
    };

    private static PortMapping Read(JsonElement item, string path)
    {
        var containerPort = (ushort)(JsonMembers.ReadNumber(item, path, "containerPort", ushort.MaxValue) ?? 0);
        if (containerPort == 0)
        {
            throw JsonMembers.Invalid($"{path}.containerPort", "a port from 1 to 65535");
        }

        return new PortMapping(
            (ushort)(JsonMembers.ReadNumber(item, path, "hostPort", ushort.MaxValue) ?? 0),
            containerPort,
            ReadProtocol(item, path),
            ReadHostIp(item, path));
    }

    private static IpProtocol ReadProtocol(JsonElement item, string path)
    {
        var text = JsonMembers.ReadString(item, path, "protocol");
        return string.IsNullOrEmpty(text)
            ? IpProtocol.Tcp
            : ParseProtocol(text) ?? throw JsonMembers.Invalid($"{path}.protocol", "tcp, udp or sctp");
    }

    private static IpAddress? ReadHostIp(JsonElement item, string path)
    {
        var text = JsonMembers.ReadString(item, path, "hostIP");
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return IpAddress.TryParse(text, out var address) ? address : throw JsonMembers.Invalid($"{path}.hostIP", "an IP address");
    }
}
