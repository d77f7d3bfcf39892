using System.Text.Json;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary>Reads a <c>prevResult</c>, in the shape of any supported version. Members that are not known are ignored.</summary>
/// <remarks>Every fault is a <see cref="CniException"/> with code 7 that names the member.</remarks>
public static class CniResultReader
{
    /// <summary>Reads the object; see the class.</summary>
    public static CniResult Read(JsonElement result)
    {
        if (result.ValueKind != JsonValueKind.Object)
        {
            throw Invalid("prevResult", "an object");
        }

        var interfaces = ReadList(result, "interfaces", ReadInterface);
        var addresses = ReadList(result, "ips", ReadAddress);
        foreach (var address in addresses)
        {
            if (address.Interface is { } index && (index < 0 || index >= interfaces.Count))
            {
                throw Invalid("prevResult.ips[].interface", "an index into prevResult.interfaces");
            }
        }

        var oldest = ReadOldest(result);
        return new CniResult
        {
            Interfaces = interfaces,
            Addresses = addresses.Concat(oldest.Addresses).ToValueList(),
            Routes = ReadList(result, "routes", ReadRoute).Concat(oldest.Routes).ToValueList(),
            Dns = result.TryGetProperty("dns", out var dns) && dns.ValueKind != JsonValueKind.Null ? ReadDns(dns, "prevResult.dns") : null,
        };
    }

    /// <summary>Reads a dns object of a result or a configuration.</summary>
    /// <param name="dns">The object.</param>
    /// <param name="path">Where it is, for errors.</param>
    public static CniDns ReadDns(JsonElement dns, string path)
    {
        if (dns.ValueKind != JsonValueKind.Object)
        {
            throw Invalid(path, "an object");
        }

        return new CniDns
        {
            Nameservers = JsonMembers.ReadStrings(dns, path, "nameservers"),
            Domain = JsonMembers.ReadString(dns, path, "domain") ?? "",
            Search = JsonMembers.ReadStrings(dns, path, "search"),
            Options = JsonMembers.ReadStrings(dns, path, "options"),
        };
    }

    /// <summary>What stood in ip4 and ip6 before 0.3.0.</summary>
    private static CniResult ReadOldest(JsonElement result)
    {
        var read = new CniResult();
        foreach (var name in (ReadOnlySpan<string>)["ip4", "ip6"])
        {
            if (JsonMembers.TryFindObject(result, "prevResult", name, out var item))
            {
                var address = ReadAddress(item, $"prevResult.{name}", "ip");
                read = read.Append(new CniResult { Addresses = [address], Routes = ReadList(item, "routes", ReadRoute) });
            }
        }

        return read;
    }

    private static CniInterface ReadInterface(JsonElement item)
    {
        const string path = "prevResult.interfaces[]";
        return new CniInterface(
            JsonMembers.ReadString(item, path, "name") ?? throw Invalid($"{path}.name", "the name of a link"),
            JsonMembers.ReadString(item, path, "mac") ?? "",
            ReadNumber(item, path, "mtu"),
            JsonMembers.ReadString(item, path, "sandbox") ?? "",
            JsonMembers.ReadString(item, path, "socketPath") ?? "",
            JsonMembers.ReadString(item, path, "pciID") ?? "");
    }

    private static CniAddress ReadAddress(JsonElement item) => ReadAddress(item, "prevResult.ips[]", "address");

    private static CniAddress ReadAddress(JsonElement item, string path, string name)
    {
        var text = JsonMembers.ReadString(item, path, name) ?? "";
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IpPrefix.TryParse(text, out var prefix) || !IpAddress.TryParse(text.AsSpan(0, slash), out var address))
        {
            throw Invalid($"{path}.{name}", "an address with a mask such as 10.244.1.5/32");
        }

        int? index = null;
        if (item.TryGetProperty("interface", out var number) && number.ValueKind != JsonValueKind.Null)
        {
            index = number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var value)
                ? value
                : throw Invalid($"{path}.interface", "a number");
        }

        return new CniAddress(address, prefix.Length, ReadGateway(item, path, "gateway"), index);
    }

    /// <summary>Reads a route of a result, or of a configuration.</summary>
    /// <param name="item">The object.</param>
    /// <param name="path">Where it is, for errors.</param>
    internal static CniRoute ReadRoute(JsonElement item, string path)
    {
        if (!IpPrefix.TryParse(JsonMembers.ReadString(item, path, "dst"), out var destination))
        {
            throw Invalid($"{path}.dst", "a prefix such as 0.0.0.0/0");
        }

        return new CniRoute(destination, ReadGateway(item, path, "gw"))
        {
            Mtu = ReadNumber(item, path, "mtu"),
            AdvertisedMss = ReadNumber(item, path, "advmss"),
            Priority = ReadNumber(item, path, "priority"),
            Table = ReadNumber(item, path, "table"),
            Scope = ReadNumber(item, path, "scope"),
        };
    }

    private static CniRoute ReadRoute(JsonElement item) => ReadRoute(item, "prevResult.routes[]");

    private static IpAddress? ReadGateway(JsonElement item, string path, string name)
    {
        var text = JsonMembers.ReadString(item, path, name);
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        return IpAddress.TryParse(text, out var gateway) ? gateway : throw Invalid($"{path}.{name}", "an IP address");
    }

    private static ValueList<T> ReadList<T>(JsonElement result, string name, Func<JsonElement, T> read)
    {
        if (!result.TryGetProperty(name, out var list) || list.ValueKind == JsonValueKind.Null)
        {
            return default;
        }

        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(static item => item.ValueKind != JsonValueKind.Object))
        {
            throw Invalid($"prevResult.{name}", "a list of objects");
        }

        return list.EnumerateArray().Select(read).ToValueList();
    }

    private static uint? ReadNumber(JsonElement item, string path, string name) => (uint?)JsonMembers.ReadNumber(item, path, name, uint.MaxValue);

    private static CniException Invalid(string path, string expected) => JsonMembers.Invalid(path, expected);
}
