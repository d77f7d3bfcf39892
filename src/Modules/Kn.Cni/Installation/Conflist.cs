using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kn.Cni.Protocol;
using Kn.Hosting.Options;

namespace Kn.Cni.Installation;

/// <summary>The CNI configuration list that tells the container runtime to call Kn.</summary>
/// <remarks>CNI specification 1.1.0, section 1. It is there only while the node can attach pods: the runtime reports the node's network as
/// ready as soon as it finds the file.</remarks>
public static class Conflist
{
    /// <summary>The file's name. Runtimes take the first in alphabetical order.</summary>
    public const string FileName = "10-kn.conflist";

    /// <summary>The plugin's name: its <c>type</c> and the name of its program.</summary>
    public const string PluginType = "kn";

    /// <summary>Name of the network.</summary>
    public const string NetworkName = "kn";

    /// <summary>Spoken by every libcni that is in use: Debian 12's containerd refuses a list whose cniVersion is newer than 1.0.0.
    /// Newer ones choose the best of cniVersions.</summary>
    public const CniVersion OldestCommonVersion = CniVersion.V100;

    /// <summary>What the runtime may ask for by <c>runtimeConfig</c>; containerd and CRI-O hand over hostPorts and the pod's annotations
    /// for bandwidth only where they are declared.</summary>
    public static IReadOnlyList<string> Capabilities { get; } = ["portMappings", "bandwidth", "ips", "mac", "dns", "ipRanges"];

    private static readonly string DefaultSocket = new PathOptions().Socket;

    /// <summary>The file's content.</summary>
    public static byte[] Write(PathOptions paths)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("cniVersion", OldestCommonVersion.ToText());
            writer.WriteStartArray("cniVersions");
            for (var version = CniVersion.V040; version <= CniVersions.Newest; version++)
            {
                writer.WriteStringValue(version.ToText());
            }

            writer.WriteEndArray();
            writer.WriteString("name", NetworkName);
            writer.WriteStartArray("plugins");
            writer.WriteStartObject();
            writer.WriteString("type", PluginType);
            if (paths.Socket != DefaultSocket)
            {
                writer.WriteString("socket", paths.Socket);
            }

            writer.WriteStartObject("capabilities");
            foreach (var capability in Capabilities)
            {
                writer.WriteBoolean(capability, true);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
