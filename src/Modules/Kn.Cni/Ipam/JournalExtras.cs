using System.Text.Json;
using Kn.Cni.Protocol;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>The members of a journal line that only some attachments have: port mappings, limits of bandwidth, a hardware address.</summary>
/// <remarks>Absent members mean "none": lines of releases that did not know them read as they did then.</remarks>
internal static class JournalExtras
{
    internal static void Write(Utf8JsonWriter writer, Attachment attachment)
    {
        if (attachment.NamespaceInode != 0)
        {
            writer.WriteNumber("inode", attachment.NamespaceInode);
        }

        if (attachment.AddedAt is { } at)
        {
            writer.WriteNumber("at", at.ToUnixTimeMilliseconds());
        }

        if (attachment.PodUid.Length > 0)
        {
            writer.WriteString("uid", attachment.PodUid);
        }

        if (!attachment.PortMappings.IsEmpty)
        {
            WritePorts(writer, attachment.PortMappings);
        }

        if (attachment.Bandwidth is { } bandwidth)
        {
            WriteLimit(writer, "ingress", bandwidth.Ingress);
            WriteLimit(writer, "egress", bandwidth.Egress);
        }

        if (attachment.Mac is { } mac)
        {
            writer.WriteString("mac", mac.ToString());
        }

        if (attachment.Bridge.Length > 0)
        {
            writer.WriteString("bridge", attachment.Bridge);
        }

        if (attachment.Mtu is { } mtu)
        {
            writer.WriteNumber("mtu", mtu);
        }
    }

    /// <summary>Completes an attachment.</summary>
    /// <exception cref="FormatException">A member is damaged.</exception>
    internal static Attachment Read(JsonElement item, Attachment attachment)
    {
        var ingress = ReadLimit(item, "ingress");
        var egress = ReadLimit(item, "egress");
        return attachment with
        {
            NamespaceInode = item.TryGetProperty("inode", out var inode) ? inode.GetUInt64() : 0,
            AddedAt = item.TryGetProperty("at", out var at) ? DateTimeOffset.FromUnixTimeMilliseconds(at.GetInt64()) : null,
            PodUid = item.TryGetProperty("uid", out var uid) ? uid.GetString() ?? "" : "",
            PortMappings = item.TryGetProperty("ports", out var ports) ? ports.EnumerateArray().Select(ReadPort).ToValueList() : default,
            Bandwidth = ingress is null && egress is null ? null : new BandwidthLimits(ingress, egress),
            Mac = item.TryGetProperty("mac", out var mac) ? MacAddress.Parse(mac.GetString()) : null,
            Bridge = item.TryGetProperty("bridge", out var bridge) ? bridge.GetString() ?? "" : "",
            Mtu = item.TryGetProperty("mtu", out var mtu) ? mtu.GetUInt32() : null,
        };
    }

    private static void WritePorts(Utf8JsonWriter writer, ValueList<PortMapping> mappings)
    {
        writer.WriteStartArray("ports");
        foreach (var mapping in mappings)
        {
            writer.WriteStartObject();
            writer.WriteNumber("host", mapping.HostPort);
            writer.WriteNumber("container", mapping.ContainerPort);
            writer.WriteString("protocol", PortMapping.NameOf(mapping.Protocol));
            if (mapping.HostIp is { } address)
            {
                writer.WriteString("ip", address.ToString());
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static PortMapping ReadPort(JsonElement item) => new(
        item.GetProperty("host").GetUInt16(),
        item.GetProperty("container").GetUInt16(),
        PortMapping.ParseProtocol(item.GetProperty("protocol").GetString() ?? "") ?? throw new FormatException("a protocol that is not known"),
        item.TryGetProperty("ip", out var address) ? IpAddress.Parse(address.GetString()) : null);

    private static void WriteLimit(Utf8JsonWriter writer, string name, RateLimit? limit)
    {
        if (limit is { } stated)
        {
            writer.WriteStartArray(name);
            writer.WriteNumberValue(stated.BitsPerSecond);
            writer.WriteNumberValue(stated.BurstBits);
            writer.WriteEndArray();
        }
    }

    private static RateLimit? ReadLimit(JsonElement item, string name) =>
        item.TryGetProperty(name, out var limit) ? new RateLimit(limit[0].GetUInt64(), limit[1].GetUInt64()) : null;
}
