using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>core/v1 Node.</summary>
internal static class NodeJson
{
    public static Node Read(ref ObjectReader reader)
    {
        var draft = new Draft();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                draft.Metadata = MetadataJson.Read(ref reader);
            }
            else if (reader.Is("spec"u8))
            {
                ReadSpec(ref reader, draft);
            }
            else if (reader.Is("status"u8))
            {
                ReadStatus(ref reader, draft);
            }
        }

        return new Node
        {
            Metadata = draft.Metadata,
            PodCidrs = draft.PodCidrs.IsEmpty && draft.PodCidr is { } single ? [single] : draft.PodCidrs,
            InternalIps = draft.Internal.ToValueList(),
            ExternalIps = draft.External.ToValueList(),
            Unschedulable = draft.Unschedulable,
            TaintKeys = draft.TaintKeys,
            Ready = draft.Ready,
        };
    }

    public static void Write(Utf8JsonWriter writer, Node node)
    {
        writer.WriteStartObject("spec"u8);
        writer.WriteNonEmpty("podCIDRs"u8, node.PodCidrs);
        writer.WriteTrue("unschedulable"u8, node.Unschedulable);
        writer.WriteObjects("taints"u8, "key"u8, node.TaintKeys);
        writer.WriteEndObject();
        writer.WriteStartObject("status"u8);
        writer.WriteStartArray("addresses"u8);
        WriteAddresses(writer, "InternalIP"u8, node.InternalIps);
        WriteAddresses(writer, "ExternalIP"u8, node.ExternalIps);
        writer.WriteEndArray();
        writer.WriteReady(node.Ready);
        writer.WriteEndObject();
    }

    private static void WriteAddresses(Utf8JsonWriter writer, ReadOnlySpan<byte> type, ValueList<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, type);
            writer.WriteString("address"u8, address.ToString());
            writer.WriteEndObject();
        }
    }

    private static void ReadSpec(ref ObjectReader reader, Draft draft)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("podCIDRs"u8))
            {
                draft.PodCidrs = SharedJson.Prefixes(ref reader);
            }
            else if (reader.Is("podCIDR"u8))
            {
                draft.PodCidr = reader.Prefix();
            }
            else if (reader.Is("unschedulable"u8))
            {
                draft.Unschedulable = reader.Boolean() ?? false;
            }
            else if (reader.Is("taints"u8))
            {
                draft.TaintKeys = SharedJson.Names(ref reader, "key"u8);
            }
        }
    }

    private static void ReadStatus(ref ObjectReader reader, Draft draft)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("addresses"u8))
            {
                ReadAddresses(ref reader, draft);
            }
            else if (reader.Is("conditions"u8))
            {
                draft.Ready = SharedJson.IsReady(ref reader);
            }
        }
    }

    private static void ReadAddresses(ref ObjectReader reader, Draft draft)
    {
        if (!reader.BeginArray())
        {
            return;
        }

        while (reader.NextElement())
        {
            // Hostname and DNS entries hold names, so an address is parsed only once the type is known to be an IP.
            var (type, address) = ReadAddress(ref reader);
            if (type is not ("InternalIP" or "ExternalIP") || address is null)
            {
                continue;
            }

            if (!IpAddress.TryParse(address, out var ip))
            {
                throw reader.Fail($"an address that is an IP, not '{address}',");
            }

            (type == "InternalIP" ? draft.Internal : draft.External).Add(ip);
        }
    }

    private static (string? Type, string? Address) ReadAddress(ref ObjectReader reader)
    {
        string? type = null;
        string? address = null;
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("type"u8))
            {
                type = reader.Name();
            }
            else if (reader.Is("address"u8))
            {
                address = reader.Text();
            }
        }

        return (type, address);
    }

    private sealed class Draft
    {
        public ObjectMeta Metadata = new();
        public ValueList<IpPrefix> PodCidrs;
        public IpPrefix? PodCidr;
        public bool Unschedulable;
        public ValueList<string> TaintKeys;
        public List<IpAddress> Internal = [];
        public List<IpAddress> External = [];
        public bool Ready;
    }
}
