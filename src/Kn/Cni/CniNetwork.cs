using System.Text.Json;
using Kn.Hosting.Options;

namespace Kn.Cni;

/// <summary>The two keys of a network configuration that the entry itself needs; the agent reads the rest.</summary>
/// <param name="CniVersion">cniVersion; empty where it is absent.</param>
/// <param name="Socket">socket: where the agent listens; Kn's own key, written into the conflist by the agent.</param>
internal readonly record struct CniNetwork(string CniVersion, string Socket)
{
    /// <summary>Reads the keys of the outermost object.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> config, out CniNetwork network, out string fault)
    {
        network = new CniNetwork("", new PathOptions().Socket);
        fault = "";
        try
        {
            var reader = new Utf8JsonReader(config);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                fault = "expected a JSON object";
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                network = ReadMember(ref reader, network);
            }

            // Whatever follows the object is a fault too; Read throws.
            reader.Read();
            return true;
        }
        catch (JsonException exception)
        {
            fault = $"not JSON at byte {exception.BytePositionInLine} of line {exception.LineNumber + 1}";
            return false;
        }
        catch (InvalidOperationException)
        {
            fault = "a string is not UTF-8";
            return false;
        }
    }

    /// <summary>cniVersion of a VERSION call's input; empty when that is anything else.</summary>
    internal static string VersionOf(ReadOnlySpan<byte> config) => TryRead(config, out var network, out _) ? network.CniVersion : "";

    private static CniNetwork ReadMember(ref Utf8JsonReader reader, CniNetwork network)
    {
        var isVersion = reader.ValueTextEquals("cniVersion"u8);
        var isSocket = reader.ValueTextEquals("socket"u8);
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return isVersion ? network with { CniVersion = reader.GetString() ?? "" }
                : isSocket ? network with { Socket = reader.GetString() ?? "" }
                : network;
        }

        reader.Skip();
        return network;
    }
}
