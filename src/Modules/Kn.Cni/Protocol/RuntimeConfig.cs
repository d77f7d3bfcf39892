using System.Text.Json;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary><c>runtimeConfig</c>: what the runtime asks for one container, by the capabilities that the configuration list declares.</summary>
/// <remarks>CNI specification 1.1.0, section 3 "Deriving runtimeConfig", and CONVENTIONS.md "Dynamic Plugin specific fields". Members of
/// other capabilities are ignored; a known member with a wrong value is a <see cref="CniException"/> with code 7 that names it.</remarks>
public sealed record RuntimeConfig
{
    private const string Member = "runtimeConfig";

    /// <summary>Nothing is asked for.</summary>
    public static RuntimeConfig None { get; } = new();

    /// <summary>portMappings; no two are for the same port of the node.</summary>
    public ValueList<PortMapping> PortMappings { get; init; }

    /// <summary>bandwidth; null without a limit.</summary>
    public BandwidthLimits? Bandwidth { get; init; }

    /// <summary>ips: addresses asked for. Lengths of masks are not kept: what they say is the network's business.</summary>
    public ValueList<IpAddress> Ips { get; init; }

    /// <summary>mac: the hardware address asked for.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>dns: resolver settings that take the place of the configuration's.</summary>
    public CniDns? Dns { get; init; }

    /// <summary>ipRanges: one address is to be taken from each set of ranges.</summary>
    public ValueList<ValueList<AddressRange>> IpRanges { get; init; }

    /// <summary>Reads the member of a network configuration.</summary>
    internal static RuntimeConfig Read(JsonElement config)
    {
        if (!JsonMembers.TryFindObject(config, "", Member, out var item))
        {
            return None;
        }

        return new RuntimeConfig
        {
            PortMappings = PortMapping.ReadList(item, Member),
            Bandwidth = BandwidthLimits.Read(item, Member),
            Ips = ReadIps(item, Member),
            Mac = ReadMac(item, Member),
            Dns = ReadDns(item),
            IpRanges = AddressRange.ReadSets(item, Member, "ipRanges"),
        };
    }

    /// <summary>Addresses with or without the length of a mask; at most one of each address.</summary>
    internal static ValueList<IpAddress> ReadIps(JsonElement item, string path) =>
        JsonMembers.ReadStrings(item, path, "ips")
            .Select((text, index) => TryParseIp(text, out var address) ? address : throw JsonMembers.Invalid($"{path}.ips[{index}]", "an address such as 10.1.2.3 or 10.1.2.3/24"))
            .Distinct().ToValueList();

    /// <summary>A hardware address that an interface can have.</summary>
    internal static MacAddress? ReadMac(JsonElement item, string path)
    {
        var text = JsonMembers.ReadString(item, path, "mac");
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return TryParseMac(text, out var mac) ? mac : throw JsonMembers.Invalid($"{path}.mac", "a unicast MAC address such as 02:11:22:33:44:55");
    }

    internal static bool TryParseIp(string text, out IpAddress address)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return IpAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out address) && (slash < 0 || IpPrefix.TryParse(text, out _)) && !address.IsAny;
    }

    internal static bool TryParseMac(string text, out MacAddress mac) =>
        MacAddress.TryParse(text, out mac) && mac is { IsZero: false, IsMulticast: false };

    private static CniDns? ReadDns(JsonElement item)
    {
        const string path = $"{Member}.dns";
        if (!JsonMembers.TryFindObject(item, Member, "dns", out var dns))
        {
            return null;
        }

        var settings = new CniDns
        {
            Nameservers = JsonMembers.ReadStrings(dns, path, "servers"),
            Search = JsonMembers.ReadStrings(dns, path, "searches"),
            Options = JsonMembers.ReadStrings(dns, path, "options"),
        };
        // Runtimes hand over an empty object for a container without settings of its own.
        return settings == new CniDns() ? null : settings;
    }
}
