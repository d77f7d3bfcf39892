using System.Buffers;
using System.Buffers.Text;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Kn.Cni.Protocol;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>The text of journal records: eight hexadecimal digits of CRC-32C, a space, a JSON object, a line feed.</summary>
/// <remarks>The checksum covers the object's bytes: a line that a power cut tore, or that holds the zeros of a block that was never
/// written, is told from a whole one.</remarks>
public static class JournalLine
{
    private const int ChecksumDigits = 8;

    /// <summary>The bytes of a record, line feed included.</summary>
    public static byte[] Write(JournalRecord record)
    {
        var json = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(json))
        {
            WriteObject(writer, record);
        }

        var line = new byte[ChecksumDigits + 1 + json.WrittenCount + 1];
        Utf8Formatter.TryFormat(Checksum(json.WrittenSpan), line, out _, new StandardFormat('x', ChecksumDigits));
        line[ChecksumDigits] = (byte)' ';
        json.WrittenSpan.CopyTo(line.AsSpan(ChecksumDigits + 1));
        line[^1] = (byte)'\n';
        return line;
    }

    /// <summary>Reads a line without its line feed; null when it is torn or not one of ours.</summary>
    public static JournalRecord? TryRead(ReadOnlyMemory<byte> line)
    {
        var span = line.Span;
        if (span.Length <= ChecksumDigits + 1
            || span[ChecksumDigits] != (byte)' '
            || !Utf8Parser.TryParse(span[..ChecksumDigits], out uint checksum, out var digits, 'x')
            || digits != ChecksumDigits
            || checksum != Checksum(span[(ChecksumDigits + 1)..]))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(line[(ChecksumDigits + 1)..]);
            return ReadObject(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static void WriteObject(Utf8JsonWriter writer, JournalRecord record)
    {
        writer.WriteStartObject();
        switch (record)
        {
            case JournalRecord.Added { Attachment: var attachment }:
                WriteKey(writer, "add", attachment.Key);
                writer.WriteString("network", attachment.Network);
                writer.WriteString("netns", attachment.NamespacePath);
                if (attachment.Pod is { } pod)
                {
                    writer.WriteString("namespace", pod.Namespace);
                    writer.WriteString("pod", pod.Name);
                }

                WriteAddresses(writer, attachment.Addresses);
                JournalExtras.Write(writer, attachment);
                writer.WriteBoolean("complete", attachment.IsComplete);
                break;
            case JournalRecord.Completed completed:
                WriteKey(writer, "complete", completed.Key);
                break;
            case JournalRecord.Removed removed:
                WriteKey(writer, "remove", removed.Key);
                if (removed.At is { } at)
                {
                    writer.WriteNumber("at", at.ToUnixTimeMilliseconds());
                }

                break;
            case JournalRecord.Freed freed:
                writer.WriteString("op", "freed");
                writer.WriteString("address", freed.Address.ToString());
                writer.WriteNumber("at", freed.At.ToUnixTimeMilliseconds());
                break;
            case JournalRecord.Position position:
                writer.WriteString("op", "position");
                WriteAddresses(writer, position.Last);
                break;
        }

        writer.WriteEndObject();
    }

    private static void WriteKey(Utf8JsonWriter writer, string operation, AttachmentKey key)
    {
        writer.WriteString("op", operation);
        writer.WriteString("container", key.ContainerId);
        writer.WriteString("interface", key.InterfaceName);
    }

    private static void WriteAddresses(Utf8JsonWriter writer, ValueList<IpAddress> addresses)
    {
        writer.WriteStartArray("addresses");
        foreach (var address in addresses)
        {
            writer.WriteStringValue(address.ToString());
        }

        writer.WriteEndArray();
    }

    private static JournalRecord? ReadObject(JsonElement item) => Text(item, "op") switch
    {
        "add" => new JournalRecord.Added(JournalExtras.Read(item, new Attachment
        {
            Key = ReadKey(item),
            Network = Text(item, "network"),
            NamespacePath = Text(item, "netns"),
            Pod = item.TryGetProperty("pod", out _) ? new ObjectKey(Text(item, "namespace"), Text(item, "pod")) : null,
            Addresses = ReadAddresses(item),
            IsComplete = item.GetProperty("complete").GetBoolean(),
        })),
        "complete" => new JournalRecord.Completed(ReadKey(item)),
        "remove" => new JournalRecord.Removed(ReadKey(item), item.TryGetProperty("at", out _) ? ReadTime(item) : null),
        "freed" => new JournalRecord.Freed(IpAddress.Parse(Text(item, "address")), ReadTime(item)),
        "position" => new JournalRecord.Position(ReadAddresses(item)),
        _ => null,
    };

    private static DateTimeOffset ReadTime(JsonElement item) => DateTimeOffset.FromUnixTimeMilliseconds(item.GetProperty("at").GetInt64());

    private static AttachmentKey ReadKey(JsonElement item) => new(Text(item, "container"), Text(item, "interface"));

    private static ValueList<IpAddress> ReadAddresses(JsonElement item) =>
        item.GetProperty("addresses").EnumerateArray().Select(static address => IpAddress.Parse(address.GetString())).ToValueList();

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString() ?? "";

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (var word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (var rest in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return ~crc;
    }
}
