using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kn.Cni;

/// <summary>The answers that the entry gives by itself.</summary>
internal static class CniAnswers
{
    /// <summary>The version that is spoken when the configuration does not say which.</summary>
    private const string Newest = "1.1.0";

    /// <summary>The specification's versions with the result format that Kn writes, oldest first.</summary>
    private static readonly string[] Supported = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", Newest];

    /// <summary>The answer to VERSION (specification, "VERSION: probe plugin version support").</summary>
    internal static ReadOnlySpan<byte> Versions(string cniVersion) => Write(writer =>
    {
        writer.WriteString("cniVersion"u8, cniVersion.Length == 0 ? Newest : cniVersion);
        writer.WriteStartArray("supportedVersions"u8);
        foreach (var version in Supported)
        {
            writer.WriteStringValue(version);
        }

        writer.WriteEndArray();
    });

    /// <summary>An error (specification, "Error").</summary>
    internal static ReadOnlySpan<byte> Error(string cniVersion, int code, string message, string details) => Write(writer =>
    {
        writer.WriteString("cniVersion"u8, cniVersion.Length == 0 ? Newest : cniVersion);
        writer.WriteNumber("code"u8, code);
        writer.WriteString("msg"u8, message);
        writer.WriteString("details"u8, details);
    });

    private static ReadOnlySpan<byte> Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan;
    }
}
