using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>networking.k8s.io/v1 NetworkPolicyIngressRule and NetworkPolicyEgressRule, which differ in one field's name.</summary>
internal static class NetworkPolicyRuleJson
{
    public static NetworkPolicyRule Read(ref ObjectReader reader)
    {
        var peers = default(ValueList<NetworkPolicyPeer>);
        var ports = default(ValueList<NetworkPolicyPort>);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("from"u8) || reader.Is("to"u8))
            {
                peers = SharedJson.List(ref reader, ReadPeer);
            }
            else if (reader.Is("ports"u8))
            {
                ports = SharedJson.List(ref reader, ReadPort);
            }
        }

        return new NetworkPolicyRule(peers, ports);
    }

    public static void Write(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ReadOnlySpan<byte> peers, ValueList<NetworkPolicyRule> rules)
    {
        if (rules.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var rule in rules)
        {
            writer.WriteStartObject();
            WritePeers(writer, peers, rule.Peers);
            WritePorts(writer, rule.Ports);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WritePeers(Utf8JsonWriter writer, ReadOnlySpan<byte> name, ValueList<NetworkPolicyPeer> peers)
    {
        if (peers.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray(name);
        foreach (var peer in peers)
        {
            writer.WriteStartObject();
            LabelSelectorJson.Write(writer, "podSelector"u8, peer.PodSelector);
            LabelSelectorJson.Write(writer, "namespaceSelector"u8, peer.NamespaceSelector);
            if (peer.IpBlock is { } block)
            {
                writer.WriteStartObject("ipBlock"u8);
                writer.WriteString("cidr"u8, block.Cidr.ToString());
                writer.WriteNonEmpty("except"u8, block.Except);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WritePorts(Utf8JsonWriter writer, ValueList<NetworkPolicyPort> ports)
    {
        if (ports.IsEmpty)
        {
            return;
        }

        writer.WriteStartArray("ports"u8);
        foreach (var port in ports)
        {
            writer.WriteStartObject();
            writer.WriteString("protocol"u8, port.Protocol is { } protocol ? protocol.Word() : "Unknown"u8);
            writer.WriteNonEmpty("port"u8, port.Name);
            if (port.Port is { } number)
            {
                writer.WriteNumber("port"u8, number);
            }

            if (port.EndPort is { } last)
            {
                writer.WriteNumber("endPort"u8, last);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static NetworkPolicyPeer ReadPeer(ref ObjectReader reader)
    {
        var peer = new NetworkPolicyPeer();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("podSelector"u8))
            {
                peer = peer with { PodSelector = LabelSelectorJson.Read(ref reader) };
            }
            else if (reader.Is("namespaceSelector"u8))
            {
                peer = peer with { NamespaceSelector = LabelSelectorJson.Read(ref reader) };
            }
            else if (reader.Is("ipBlock"u8))
            {
                peer = peer with { IpBlock = ReadBlock(ref reader) };
            }
        }

        return peer;
    }

    private static IpBlock? ReadBlock(ref ObjectReader reader)
    {
        var cidr = default(IpPrefix?);
        var except = default(ValueList<IpPrefix>);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("cidr"u8))
            {
                cidr = reader.Prefix();
            }
            else if (reader.Is("except"u8))
            {
                except = SharedJson.Prefixes(ref reader);
            }
        }

        return cidr is { } prefix ? new IpBlock(prefix, except) : null;
    }

    private static NetworkPolicyPort ReadPort(ref ObjectReader reader)
    {
        var port = new NetworkPolicyPort();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("protocol"u8))
            {
                port = port with { Protocol = Protocol(reader.Name()) };
            }
            else if (reader.Is("port"u8))
            {
                var (number, name) = reader.PortOrName();
                port = port with { Port = number, Name = name };
            }
            else if (reader.Is("endPort"u8))
            {
                port = port with { EndPort = reader.Port() };
            }
        }

        return port;
    }

    private static IpProtocol? Protocol(string? word) => word switch
    {
        null or "" or "TCP" => IpProtocol.Tcp,
        "UDP" => IpProtocol.Udp,
        "SCTP" => IpProtocol.Sctp,
        _ => null,
    };
}
