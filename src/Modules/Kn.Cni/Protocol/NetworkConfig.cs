using System.Text.Json;
using Kn.Cni.Plain;
using Kn.Cni.Plain.HostLocal;

namespace Kn.Cni.Protocol;

/// <summary>The network configuration that the runtime gives a plugin on its standard input, reduced to what Kn uses.</summary>
/// <remarks>CNI specification 1.1.0, section 1 and section 3 "Deriving execution configuration". Members that are not known are ignored,
/// as the specification wants it.</remarks>
public sealed record NetworkConfig
{
    /// <summary>A configuration is small; whatever is larger is not one.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>cniVersion: the shape of the answer.</summary>
    public required CniVersion Version { get; init; }

    /// <summary>The network's name; empty where the command needs none.</summary>
    public string Name { get; init; } = "";

    /// <summary>The MTU asked for; null to take the underlay's.</summary>
    public uint? Mtu { get; init; }

    /// <summary>dns: handed through into the result.</summary>
    public CniDns? Dns { get; init; }

    /// <summary>runtimeConfig: what the runtime asks for this container. Read for ADD and CHECK; others must not fail for it.</summary>
    public RuntimeConfig RuntimeConfig { get; init; } = RuntimeConfig.None;

    /// <summary>args.cni: what the runtime's user asks for.</summary>
    public ConfigArguments Arguments { get; init; } = ConfigArguments.None;

    /// <summary>The result of the plugin before, or of the ADD that is checked or undone.</summary>
    public CniResult? PreviousResult { get; init; }

    /// <summary>The network without an agent that the configuration describes; null where addresses come from the node's podCIDRs.</summary>
    public PlainNetwork? Plain { get; init; }

    /// <summary>cni.dev/valid-attachments: for GC, what must stay; null when the member is missing.</summary>
    public IReadOnlySet<AttachmentKey>? ValidAttachments { get; init; }

    /// <summary>Reads a configuration; the previous result is read too, unless <paramref name="command"/> is DEL, which must not fail for it.</summary>
    /// <exception cref="CniException">Code 6 for what is not JSON, 7 or 2 for members that are wrong, 1 for the version.</exception>
    public static NetworkConfig Read(ReadOnlyMemory<byte> json, CniCommand command)
    {
        using var document = Parse(json);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new CniException(CniErrorCode.UndecodableContent, "the network configuration is not a JSON object");
        }

        var version = ReadVersion(root);
        try
        {
            return Read(root, version, command);
        }
        catch (CniException error)
        {
            error.Data[nameof(CniVersion)] = version;
            throw;
        }
    }

    private static NetworkConfig Read(JsonElement root, CniVersion version, CniCommand command)
    {
        RequireKnownTo(command, version);
        var config = ReadMembers(root, version, command);
        if (HostLocalOptions.IsAskedFor(root))
        {
            return config with { Plain = PlainNetworkReader.Read(root, config, command) };
        }

        RefuseDelegatedIpam(root, command);
        return config;
    }

    private static NetworkConfig ReadMembers(JsonElement root, CniVersion version, CniCommand command)
    {
        return new NetworkConfig
        {
            Version = version,
            Name = ReadName(root, required: command is not (CniCommand.Status or CniCommand.Version)),
            Mtu = ReadMtu(root),
            Dns = root.TryGetProperty("dns", out var dns) && dns.ValueKind != JsonValueKind.Null ? CniResultReader.ReadDns(dns, "dns") : null,
            RuntimeConfig = command is CniCommand.Add or CniCommand.Check ? RuntimeConfig.Read(root) : RuntimeConfig.None,
            Arguments = command is CniCommand.Add ? ConfigArguments.Read(root) : ConfigArguments.None,
            PreviousResult = command != CniCommand.Del && root.TryGetProperty("prevResult", out var previous) && previous.ValueKind != JsonValueKind.Null
                ? CniResultReader.Read(previous)
                : null,
            ValidAttachments = command == CniCommand.Gc ? ReadValidAttachments(root) : null,
        };
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        if (json.Length > MaxBytes)
        {
            throw new CniException(CniErrorCode.UndecodableContent, $"the network configuration is larger than {MaxBytes} bytes");
        }

        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException error)
        {
            throw new CniException(CniErrorCode.UndecodableContent, "the network configuration is not valid JSON", error.Message, error);
        }
    }

    private static CniVersion ReadVersion(JsonElement root)
    {
        if (!root.TryGetProperty("cniVersion", out var member) || member.ValueKind == JsonValueKind.Null)
        {
            // As the first version of the specification has it, and as libcni and the reference plugins take it to this day.
            return CniVersion.V010;
        }

        if (member.ValueKind != JsonValueKind.String)
        {
            throw new CniException(CniErrorCode.UndecodableContent, "cniVersion: expected a string such as 1.0.0");
        }

        var text = JsonText.Of(member, "cniVersion");
        if (text.Length == 0)
        {
            // What libcni makes of a configuration list without a version.
            return CniVersion.V010;
        }

        return CniVersions.TryParse(text, out var version) ? version : throw Incompatible($"cniVersion '{text}' is not supported");
    }

    private static void RequireKnownTo(CniCommand command, CniVersion version)
    {
        var since = command switch
        {
            CniCommand.Check => CniVersion.V040,
            CniCommand.Gc or CniCommand.Status => CniVersion.V110,
            _ => CniVersion.V010,
        };
        if (version < since)
        {
            throw Incompatible($"CNI {version.ToText()} has no {command.ToString().ToUpperInvariant()}; it came with {since.ToText()}");
        }
    }

    private static CniException Incompatible(string message) =>
        new(CniErrorCode.IncompatibleVersion, message, $"supported versions: {string.Join(", ", CniVersions.Supported)}");

    private static void RefuseDelegatedIpam(JsonElement root, CniCommand command)
    {
        if (command is CniCommand.Add or CniCommand.Check && root.TryGetProperty("ipam", out var ipam)
            && ipam.ValueKind == JsonValueKind.Object && ipam.EnumerateObject().Any())
        {
            throw new CniException(
                CniErrorCode.UnsupportedField,
                "ipam: not supported, addresses come from the node's podCIDRs",
                "remove 'ipam' from the network configuration");
        }
    }

    private static string ReadName(JsonElement root, bool required)
    {
        if (!root.TryGetProperty("name", out var member) || member.ValueKind != JsonValueKind.String)
        {
            return required ? throw new CniException(CniErrorCode.InvalidConfig, "name: expected the network's name") : "";
        }

        var name = JsonText.Of(member, "name");
        return !required || CniNames.IsNetworkName(name)
            ? name
            : throw new CniException(CniErrorCode.InvalidConfig, "name: expected a letter or digit, then letters, digits, '_', '.' or '-'");
    }

    private static uint? ReadMtu(JsonElement root)
    {
        if (!root.TryGetProperty("mtu", out var member) || member.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (member.ValueKind != JsonValueKind.Number || !member.TryGetUInt32(out var mtu) || mtu is not (0 or (>= CniOptions.MinMtu and <= CniOptions.MaxMtu)))
        {
            throw new CniException(CniErrorCode.InvalidConfig, $"mtu: expected a number from {CniOptions.MinMtu} to {CniOptions.MaxMtu}, or 0 for the underlay's");
        }

        return mtu == 0 ? null : mtu;
    }

    private static HashSet<AttachmentKey> ReadValidAttachments(JsonElement root)
    {
        const string member = "cni.dev/valid-attachments";
        if (!root.TryGetProperty(member, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw new CniException(CniErrorCode.InvalidConfig, $"{member}: expected the list of attachments to keep");
        }

        var keys = new HashSet<AttachmentKey>();
        foreach (var item in list.EnumerateArray())
        {
            keys.Add(new AttachmentKey(ReadMember(item, "containerID"), ReadMember(item, "ifname")));
        }

        return keys;

        static string ReadMember(JsonElement item, string name) =>
            item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? JsonText.Of(value, $"{member}[].{name}")
                : throw new CniException(CniErrorCode.InvalidConfig, $"{member}[].{name}: expected a string");
    }
}
