using System.Buffers.Binary;
using System.Text;
using Kn.Primitives;

namespace Kn.Hosting.Control;

/// <summary>The bytes of the control socket. One request and one answer a connection; integers are little-endian.</summary>
/// <remarks>
/// <code>
/// request:  u32 length of what follows | u8 version = 1
///           u16 length, verb (UTF-8)
///           u16 count of arguments, each: u16 length, name | u32 length, value (UTF-8)
///           body, to the end
/// answer:   i32 exit code | u32 length | body; a piece of an answer (exit code -4) likewise, before it
/// </code>
/// </remarks>
internal static class ControlFrame
{
    private const int MostArguments = 256;

    /// <summary>A request with its prefix.</summary>
    /// <exception cref="WireFormatException">Too long.</exception>
    internal static byte[] EncodeRequest(ControlRequest request)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(0u);
        writer.Write(ControlProtocol.Version);
        WriteShort(writer, request.Verb);
        if (request.Arguments.Count > MostArguments)
        {
            throw new WireFormatException($"a request has at most {MostArguments} arguments");
        }

        writer.Write((ushort)request.Arguments.Count);
        foreach (var (name, value) in request.Arguments)
        {
            WriteShort(writer, name);
            var bytes = Encoding.UTF8.GetBytes(value);
            writer.Write((uint)bytes.Length);
            writer.Write(bytes);
        }

        writer.Write(request.Body.Span);
        writer.Flush();
        var frame = stream.ToArray();
        if (frame.Length - ControlProtocol.PrefixBytes > ControlProtocol.LargestBytes)
        {
            throw new WireFormatException($"a request has at most {ControlProtocol.LargestBytes} bytes");
        }

        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)(frame.Length - ControlProtocol.PrefixBytes));
        return frame;
    }

    /// <summary>A request without its prefix.</summary>
    /// <exception cref="WireFormatException">Not a request; the message names the field.</exception>
    internal static ControlRequest DecodeRequest(ReadOnlyMemory<byte> frame)
    {
        var rest = frame;
        if (Take(ref rest, 1, "version")[0] is var version and not ControlProtocol.Version)
        {
            throw new WireFormatException($"version {version} of the control protocol is not known");
        }

        var verb = ReadShort(ref rest, "verb");
        var count = BinaryPrimitives.ReadUInt16LittleEndian(Take(ref rest, 2, "argument count"));
        if (count > MostArguments)
        {
            throw new WireFormatException($"{count} arguments, more than {MostArguments}");
        }

        var arguments = new Dictionary<string, string>(count, StringComparer.Ordinal);
        for (var index = 0; index < count; index++)
        {
            var name = ReadShort(ref rest, "argument name");
            var length = BinaryPrimitives.ReadUInt32LittleEndian(Take(ref rest, 4, "argument length"));
            arguments[name] = Encoding.UTF8.GetString(Take(ref rest, length, "argument value"));
        }

        return new ControlRequest(verb, arguments, rest);
    }

    private static void WriteShort(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > ushort.MaxValue)
        {
            throw new WireFormatException($"the name of an argument has at most {ushort.MaxValue} bytes");
        }

        writer.Write((ushort)bytes.Length);
        writer.Write(bytes);
    }

    private static string ReadShort(ref ReadOnlyMemory<byte> rest, string field)
    {
        var length = BinaryPrimitives.ReadUInt16LittleEndian(Take(ref rest, 2, field));
        return Encoding.UTF8.GetString(Take(ref rest, length, field));
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlyMemory<byte> rest, uint length, string field)
    {
        if (length > rest.Length)
        {
            throw new WireFormatException($"a control request ends within its {field}");
        }

        var taken = rest.Span[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }
}
