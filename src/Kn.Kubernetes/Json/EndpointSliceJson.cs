using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>discovery.k8s.io/v1 EndpointSlice.</summary>
internal static class EndpointSliceJson
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    public static EndpointSlice Read(ref ObjectReader reader)
    {
        var draft = new Draft();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                draft.Metadata = MetadataJson.Read(ref reader, out draft.Triggered);
            }
            else if (reader.Is("addressType"u8))
            {
                ReadAddressType(ref reader, draft);
            }
            else if (reader.Is("ports"u8))
            {
                draft.Ports = SharedJson.List(ref reader, ReadPort);
            }
            else if (reader.Is("endpoints"u8))
            {
                // FQDN slices hold names in place of addresses; the API writes addressType first, as its Go type does.
                ReadEndpoints(ref reader, draft);
            }
        }

        return draft.ToSlice(reader);
    }

    public static void Write(Utf8JsonWriter writer, EndpointSlice slice)
    {
        writer.WriteString("addressType"u8, slice.Family switch { IpFamily.V4 => "IPv4", IpFamily.V6 => "IPv6", _ => "FQDN" });
        writer.WriteStartArray("endpoints"u8);
        foreach (var endpoint in slice.Endpoints)
        {
            WriteEndpoint(writer, endpoint);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("ports"u8);
        foreach (var port in slice.Ports)
        {
            writer.WriteStartObject();
            writer.WriteString("name"u8, port.Name);
            writer.WriteString("protocol"u8, port.Protocol.Word());
            if (port.Port is { } number)
            {
                writer.WriteNumber("port"u8, number);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteEndpoint(Utf8JsonWriter writer, Endpoint endpoint)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("addresses"u8);
        writer.WriteStringValue(endpoint.Address.ToString());
        writer.WriteEndArray();
        writer.WriteStartObject("conditions"u8);
        writer.WriteBoolean("ready"u8, endpoint.Ready);
        writer.WriteBoolean("serving"u8, endpoint.Serving);
        writer.WriteBoolean("terminating"u8, endpoint.Terminating);
        writer.WriteEndObject();
        writer.WriteNonEmpty("hostname"u8, endpoint.Hostname);
        writer.WriteNonEmpty("nodeName"u8, endpoint.NodeName);
        writer.WriteNonEmpty("zone"u8, endpoint.Zone);
        if (!endpoint.ForZones.IsEmpty || !endpoint.ForNodes.IsEmpty)
        {
            writer.WriteStartObject("hints"u8);
            writer.WriteObjects("forZones"u8, "name"u8, endpoint.ForZones);
            writer.WriteObjects("forNodes"u8, "name"u8, endpoint.ForNodes);
            writer.WriteEndObject();
        }

        if (endpoint.Pod is { } pod)
        {
            writer.WriteStartObject("targetRef"u8);
            writer.WriteString("kind"u8, "Pod"u8);
            writer.WriteNonEmpty("namespace"u8, pod.Namespace);
            writer.WriteString("name"u8, pod.Name);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void ReadAddressType(ref ObjectReader reader, Draft draft)
    {
        (draft.Family, draft.IsFqdn) = reader.Name() switch
        {
            "IPv4" => (IpFamily.V4, false),
            "IPv6" => (IpFamily.V6, false),
            "FQDN" => ((IpFamily?)null, true),
            _ => throw reader.Fail("IPv4, IPv6 or FQDN"),
        };
    }

    private static EndpointPort ReadPort(ref ObjectReader reader)
    {
        var port = new EndpointPort("", IpProtocol.Tcp, null);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("name"u8))
            {
                port = port with { Name = reader.Name() ?? "" };
            }
            else if (reader.Is("protocol"u8))
            {
                port = port with { Protocol = SharedJson.Protocol(ref reader) };
            }
            else if (reader.Is("port"u8))
            {
                port = port with { Port = reader.Port() };
            }
        }

        return port;
    }

    private static void ReadEndpoints(ref ObjectReader reader, Draft draft)
    {
        if (draft.IsFqdn)
        {
            reader.Skip();
            return;
        }

        draft.EndpointsPosition = reader.Position;
        if (!reader.BeginArray())
        {
            return;
        }

        while (reader.NextElement())
        {
            draft.Endpoints.Add(ReadEndpoint(ref reader, draft));
        }
    }

    private static Endpoint ReadEndpoint(ref ObjectReader reader, Draft slice)
    {
        var draft = default(EndpointDraft);
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("addresses"u8))
            {
                draft.Address = ReadFirstAddress(ref reader, slice.Family);
            }
            else if (reader.Is("conditions"u8))
            {
                ReadConditions(ref reader, ref draft);
            }
            else
            {
                ReadEndpointField(ref reader, ref draft);
            }
        }

        return draft.ToEndpoint(ref reader);
    }

    private static void ReadEndpointField(ref ObjectReader reader, ref EndpointDraft draft)
    {
        if (reader.Is("hostname"u8))
        {
            draft.Hostname = reader.Text();
        }
        else if (reader.Is("nodeName"u8))
        {
            draft.NodeName = reader.Name();
        }
        else if (reader.Is("zone"u8))
        {
            draft.Zone = reader.Name();
        }
        else if (reader.Is("hints"u8))
        {
            ReadHints(ref reader, ref draft);
        }
        else if (reader.Is("targetRef"u8))
        {
            draft.Pod = ReadTarget(ref reader);
        }
    }

    private static IpAddress? ReadFirstAddress(ref ObjectReader reader, IpFamily? family)
    {
        IpAddress? first = null;
        if (!reader.BeginArray())
        {
            return null;
        }

        while (reader.NextElement())
        {
            if (first is not null)
            {
                reader.Skip();
                continue;
            }

            first = reader.Address() ?? throw reader.Fail("an IP address");
            if (family is { } expected && first.Value.Family != expected)
            {
                throw reader.Fail($"an IP{expected} address, as addressType says".Replace("IPV", "IPv", StringComparison.Ordinal));
            }
        }

        return first;
    }

    private static void ReadConditions(ref ObjectReader reader, ref EndpointDraft draft)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("ready"u8))
            {
                draft.Ready = reader.Boolean();
            }
            else if (reader.Is("serving"u8))
            {
                draft.Serving = reader.Boolean();
            }
            else if (reader.Is("terminating"u8))
            {
                draft.Terminating = reader.Boolean() ?? false;
            }
        }
    }

    private static void ReadHints(ref ObjectReader reader, ref EndpointDraft draft)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("forZones"u8))
            {
                draft.ForZones = SharedJson.Names(ref reader, "name"u8);
            }
            else if (reader.Is("forNodes"u8))
            {
                draft.ForNodes = SharedJson.Names(ref reader, "name"u8);
            }
        }
    }

    private static ObjectKey? ReadTarget(ref ObjectReader reader)
    {
        var isPod = false;
        string? @namespace = null;
        string? name = null;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("kind"u8))
            {
                isPod = reader.TextEquals("Pod"u8);
            }
            else if (reader.Is("namespace"u8))
            {
                @namespace = reader.Name();
            }
            else if (reader.Is("name"u8))
            {
                name = reader.Value();
            }
        }

        return isPod && name is not null ? new ObjectKey(@namespace ?? "", name) : null;
    }

    private struct EndpointDraft
    {
        public IpAddress? Address;
        public bool? Ready;
        public bool? Serving;
        public bool Terminating;
        public string? Hostname;
        public string? NodeName;
        public string? Zone;
        public ValueList<string> ForZones;
        public ValueList<string> ForNodes;
        public ObjectKey? Pod;

        public readonly Endpoint ToEndpoint(ref ObjectReader reader) => new()
        {
            Address = Address ?? throw reader.Fail("an endpoint with an address"),
            Ready = Ready ?? true,
            Serving = Serving ?? Ready ?? true,
            Terminating = Terminating,
            Hostname = Hostname,
            NodeName = NodeName,
            Zone = Zone,
            ForZones = ForZones,
            ForNodes = ForNodes,
            Pod = Pod,
        };
    }

    private sealed class Draft
    {
        public ObjectMeta Metadata = new();
        public DateTimeOffset? Triggered;
        public IpFamily? Family;
        public bool IsFqdn;
        public ValueList<EndpointPort> Ports;
        public readonly List<Endpoint> Endpoints = [];
        public long EndpointsPosition;

        public EndpointSlice ToSlice(scoped in ObjectReader reader)
        {
            if (Family is null && !IsFqdn)
            {
                throw reader.Fail("an addressType");
            }

            if (Endpoints.Exists(endpoint => endpoint.Address.Family != Family))
            {
                throw new FieldFormatException("an address is not of the slice's addressType", EndpointsPosition);
            }

            return new EndpointSlice
            {
                Metadata = Metadata,
                Triggered = new ChangeMoment(Triggered),
                ServiceName = Metadata.Labels.Find(ServiceNameLabel) ?? "",
                Family = Family,
                Ports = Ports,
                Endpoints = Endpoints.ToValueList(),
            };
        }
    }
}
