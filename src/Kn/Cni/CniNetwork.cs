using System.Text.Json;
using Kn.Hosting.Options;

namespace Kn.Cni;

/// <summary>The keys of a network configuration that the entry itself needs; the agent reads the rest.</summary>
/// <param name="CniVersion">cniVersion; empty where it is absent.</param>
/// <param name="Socket">socket: where the agent listens; Kn's own key, written into the conflist by the agent.</param>
/// <param name="HasIpam">Whether ipam.type says anything: then the network needs no agent.</param>
internal readonly record struct CniNetwork(string CniVersion, string Socket, bool HasIpam)
{
    /// <summary>Reads the keys of the outermost object.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> config, out CniNetwork network, out string fault)
    {
        network = new CniNetwork("", new PathOptions().Socket, HasIpam: false);
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
        var isIpam = reader.ValueTextEquals("ipam"u8);
        reader.Read();
        if (isIpam && reader.TokenType == JsonTokenType.StartObject)
        {
            return network with { HasIpam = HasType(ref reader) };
        }

        if (reader.TokenType == JsonTokenType.String)
        {
            return isVersion ? network with { CniVersion = reader.GetString() ?? "" }
                : isSocket ? network with { Socket = reader.GetString() ?? "" }
                : network;
        }

        reader.Skip();
        return network;
    }

    /// <summary>Whether the object that begins here has a type; reads on to its end.</summary>
    private static bool HasType(ref Utf8JsonReader reader)
    {
        var has = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            has |= isType && reader.TokenType == JsonTokenType.String && !reader.ValueTextEquals(""u8);
            reader.Skip();
        }

        return has;
    }
}
