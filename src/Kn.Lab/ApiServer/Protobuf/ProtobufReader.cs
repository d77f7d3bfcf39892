using System.Text;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Protobuf;

/// <summary>Reads the protobuf bodies that kubectl create sends, into the same trees that JSON gives.</summary>
/// <remarks>The envelope is "k8s\0" and runtime.Unknown (k8s.io/apimachinery pkg/runtime/generated.proto). Only requests are read:
/// answers are JSON always, which every client takes. Empty strings, zeros and false read as absent, as the types' omitempty does,
/// but for the fields where zero means something.</remarks>
internal static class ProtobufReader
{
    private const int MaxDepth = 64;

    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>Decodes a body.</summary>
    /// <exception cref="StatusException">400 for bytes that are not the format; 415 for a kind whose fields the lab does not know.</exception>
    public static JsonObject Read(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic))
        {
            throw Malformed("no k8s envelope");
        }

        string apiVersion = "", kind = "";
        ReadOnlySpan<byte> raw = [];
        var envelope = body[Magic.Length..];
        while (NextField(ref envelope) is { } field)
        {
            switch (field.Number)
            {
                case 1:
                    (apiVersion, kind) = ReadTypeMeta(field.Bytes(ref envelope));
                    break;
                case 2:
                    raw = field.Bytes(ref envelope);
                    break;
                default:
                    field.Skip(ref envelope);
                    break;
            }
        }

        var tree = ReadMessage(raw, ProtobufSchema.Find(kind) ?? throw StatusException.UnsupportedMediaType($"application/vnd.kubernetes.protobuf for {kind}"), 0);
        tree["apiVersion"] = apiVersion;
        tree["kind"] = kind;
        return tree;
    }

    private static (string ApiVersion, string Kind) ReadTypeMeta(ReadOnlySpan<byte> bytes)
    {
        string apiVersion = "", kind = "";
        while (NextField(ref bytes) is { } field)
        {
            var text = Encoding.UTF8.GetString(field.Bytes(ref bytes));
            (apiVersion, kind) = field.Number == 1 ? (text, kind) : (apiVersion, text);
        }

        return (apiVersion, kind);
    }

    private static JsonObject ReadMessage(ReadOnlySpan<byte> bytes, IReadOnlyDictionary<int, ProtobufField> schema, int depth)
    {
        if (depth > MaxDepth)
        {
            throw Malformed("nested too deeply");
        }

        var tree = new JsonObject();
        while (NextField(ref bytes) is { } field)
        {
            if (schema.TryGetValue(field.Number, out var known))
            {
                ReadField(ref bytes, field, known, tree, depth);
            }
            else
            {
                field.Skip(ref bytes);
            }
        }

        return tree;
    }

    private static void ReadField(scoped ref ReadOnlySpan<byte> bytes, WireField field, ProtobufField known, JsonObject tree, int depth)
    {
        if (known.Type is "int" or "int0" or "bool")
        {
            var number = (long)field.Varint(ref bytes);
            if (number != 0 || known.Type == "int0")
            {
                tree[known.Name] = known.Type == "bool" ? JsonValue.Create(true) : JsonValue.Create(number);
            }

            return;
        }

        var content = field.Bytes(ref bytes);
        switch (known.Type)
        {
            case "map" or "bytesmap":
                ReadEntry(content, tree.Ensure(known.Name), known.Type == "bytesmap");
                return;
            case "inline":
                foreach (var (name, child) in ReadMessage(content, ProtobufSchema.Get(known.Message!), depth + 1).ToList())
                {
                    tree[name] = child?.DeepClone();
                }

                return;
        }

        var value = ReadValue(content, known, depth);
        if (known.Repeated)
        {
            tree.Default(known.Name, new JsonArray());
            tree.List(known.Name)!.Add(value);
        }
        else if (value is not null && value.Text() != "")
        {
            tree[known.Name] = value;
        }
    }

    private static JsonNode? ReadValue(ReadOnlySpan<byte> content, ProtobufField known, int depth) => known.Type switch
    {
        "string" => JsonValue.Create(Encoding.UTF8.GetString(content)),
        "bytes" => JsonValue.Create(Convert.ToBase64String(content)),
        "time" => ReadTime(content),
        "intstr" => ReadIntOrString(content),
        _ => ReadMessage(content, ProtobufSchema.Get(known.Message!), depth + 1),
    };

    private static void ReadEntry(ReadOnlySpan<byte> bytes, JsonObject map, bool isBytes)
    {
        var key = "";
        ReadOnlySpan<byte> value = [];
        while (NextField(ref bytes) is { } field)
        {
            var content = field.Bytes(ref bytes);
            if (field.Number == 1)
            {
                key = Encoding.UTF8.GetString(content);
            }
            else
            {
                value = content;
            }
        }

        map[key] = isBytes ? Convert.ToBase64String(value) : Encoding.UTF8.GetString(value);
    }

    private static JsonValue? ReadTime(ReadOnlySpan<byte> bytes)
    {
        long seconds = 0;
        while (NextField(ref bytes) is { } field)
        {
            var number = (long)field.Varint(ref bytes);
            seconds = field.Number == 1 ? number : seconds;
        }

        return seconds is <= 0 or > 253402300799 ? null : JsonValue.Create(JsonTree.Timestamp(DateTimeOffset.FromUnixTimeSeconds(seconds)));
    }

    private static JsonValue ReadIntOrString(ReadOnlySpan<byte> bytes)
    {
        long type = 0, number = 0;
        var text = "";
        while (NextField(ref bytes) is { } field)
        {
            switch (field.Number)
            {
                case 1:
                    type = (long)field.Varint(ref bytes);
                    break;
                case 2:
                    number = (int)field.Varint(ref bytes);
                    break;
                default:
                    text = Encoding.UTF8.GetString(field.Bytes(ref bytes));
                    break;
            }
        }

        return type == 1 ? JsonValue.Create(text) : JsonValue.Create(number);
    }

    private static StatusException Malformed(string why) => StatusException.BadRequest($"the protobuf body cannot be read: {why}");

    private static WireField? NextField(scoped ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }

        var tag = ReadVarint(ref bytes);
        return new WireField((int)(tag >> 3), (int)(tag & 7));
    }

    private static ulong ReadVarint(scoped ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var i = 0; i < 10; i++)
        {
            if (i >= bytes.Length)
            {
                break;
            }

            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if ((bytes[i] & 0x80) == 0)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }

        throw Malformed("a number has no end");
    }

    /// <summary>A field's number and wire type; its content is still in the span.</summary>
    private readonly record struct WireField(int Number, int WireType)
    {
        public ulong Varint(scoped ref ReadOnlySpan<byte> bytes) => WireType == 0 ? ReadVarint(ref bytes) : throw Malformed($"field {Number} is not a number");

        public ReadOnlySpan<byte> Bytes(scoped ref ReadOnlySpan<byte> bytes)
        {
            if (WireType != 2)
            {
                throw Malformed($"field {Number} has no length");
            }

            var length = ReadVarint(ref bytes);
            if (length > (ulong)bytes.Length)
            {
                throw Malformed($"field {Number} is longer than the message");
            }

            var content = bytes[..(int)length];
            bytes = bytes[(int)length..];
            return content;
        }

        public void Skip(scoped ref ReadOnlySpan<byte> bytes)
        {
            switch (WireType)
            {
                case 0:
                    ReadVarint(ref bytes);
                    break;
                case 2:
                    Bytes(ref bytes);
                    break;
                case 1 or 5:
                    var width = WireType == 1 ? sizeof(ulong) : sizeof(uint);
                    bytes = bytes.Length >= width ? bytes[width..] : throw Malformed("cut off");
                    break;
                default:
                    throw Malformed($"unknown wire type {WireType}");
            }
        }
    }
}
