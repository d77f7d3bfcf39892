using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary>Writes the answers of the CNI specification, each in the shape of the version asked for.</summary>
public static class CniResultWriter
{
    private static readonly JsonWriterOptions Layout = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The success object of ADD.</summary>
    public static byte[] Write(CniResult result, CniVersion version) => WriteObject(writer =>
    {
        writer.WriteString("cniVersion", version.ToText());
        if (version < CniVersion.V030)
        {
            WriteOldest(writer, result, IpFamily.V4);
            WriteOldest(writer, result, IpFamily.V6);
        }
        else
        {
            WriteInterfaces(writer, result, version);
            WriteAddresses(writer, result, version);
            WriteRoutes(writer, result, version);
        }

        WriteDns(writer, result.Dns ?? new CniDns());
    });

    /// <summary>The error object.</summary>
    public static byte[] WriteError(CniException error, CniVersion version) => WriteObject(writer =>
    {
        writer.WriteString("cniVersion", version.ToText());
        writer.WriteNumber("code", (int)error.Code);
        writer.WriteString("msg", error.Message);
        if (error.Details is { } details)
        {
            writer.WriteString("details", details);
        }
    });

    /// <summary>The answer of VERSION.</summary>
    public static byte[] WriteVersions() => WriteObject(static writer =>
    {
        writer.WriteString("cniVersion", CniVersions.Newest.ToText());
        WriteStrings(writer, "supportedVersions", CniVersions.Supported);
    });

    private static byte[] WriteObject(Action<Utf8JsonWriter> writeMembers)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, Layout))
        {
            writer.WriteStartObject();
            writeMembers(writer);
            writer.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The shape before 0.3.0: one object for the address of a family and what belongs to it.</summary>
    private static void WriteOldest(Utf8JsonWriter writer, CniResult result, IpFamily family)
    {
        if (result.Addresses.FirstOrDefault(ip => ip.Address.Family == family) is not { } ip)
        {
            return;
        }

        writer.WriteStartObject(family == IpFamily.V6 ? "ip6" : "ip4");
        writer.WriteString("ip", string.Create(CultureInfo.InvariantCulture, $"{ip.Address}/{ip.PrefixLength}"));
        if (ip.Gateway is { } gateway)
        {
            writer.WriteString("gateway", gateway.ToString());
        }

        var routes = result.Routes.Where(route => route.Destination.Family == family).ToValueList();
        if (!routes.IsEmpty)
        {
            WriteRoutes(writer, new CniResult { Routes = routes }, CniVersion.V020);
        }

        writer.WriteEndObject();
    }

    private static void WriteInterfaces(Utf8JsonWriter writer, CniResult result, CniVersion version)
    {
        writer.WriteStartArray("interfaces");
        foreach (var link in result.Interfaces)
        {
            writer.WriteStartObject();
            writer.WriteString("name", link.Name);
            WriteUnlessEmpty(writer, "mac", link.Mac);
            if (version >= CniVersion.V110)
            {
                WriteUnlessNull(writer, "mtu", link.Mtu);
                WriteUnlessEmpty(writer, "socketPath", link.SocketPath);
                WriteUnlessEmpty(writer, "pciID", link.PciId);
            }

            WriteUnlessEmpty(writer, "sandbox", link.Sandbox);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteAddresses(Utf8JsonWriter writer, CniResult result, CniVersion version)
    {
        writer.WriteStartArray("ips");
        foreach (var ip in result.Addresses)
        {
            writer.WriteStartObject();
            if (version < CniVersion.V100)
            {
                writer.WriteString("version", ip.Address.Family == IpFamily.V6 ? "6" : "4");
            }

            if (ip.Interface is { } index)
            {
                writer.WriteNumber("interface", index);
            }

            writer.WriteString("address", string.Create(CultureInfo.InvariantCulture, $"{ip.Address}/{ip.PrefixLength}"));
            if (ip.Gateway is { } gateway)
            {
                writer.WriteString("gateway", gateway.ToString());
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteRoutes(Utf8JsonWriter writer, CniResult result, CniVersion version)
    {
        writer.WriteStartArray("routes");
        foreach (var route in result.Routes)
        {
            writer.WriteStartObject();
            writer.WriteString("dst", route.Destination.ToString());
            if (route.Gateway is { } gateway)
            {
                writer.WriteString("gw", gateway.ToString());
            }

            if (version >= CniVersion.V110)
            {
                WriteUnlessNull(writer, "mtu", route.Mtu);
                WriteUnlessNull(writer, "advmss", route.AdvertisedMss);
                WriteUnlessNull(writer, "priority", route.Priority);
                WriteUnlessNull(writer, "table", route.Table);
                WriteUnlessNull(writer, "scope", route.Scope);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteDns(Utf8JsonWriter writer, CniDns dns)
    {
        writer.WriteStartObject("dns");
        if (!dns.Nameservers.IsEmpty)
        {
            WriteStrings(writer, "nameservers", dns.Nameservers);
        }

        WriteUnlessEmpty(writer, "domain", dns.Domain);
        if (!dns.Search.IsEmpty)
        {
            WriteStrings(writer, "search", dns.Search);
        }

        if (!dns.Options.IsEmpty)
        {
            WriteStrings(writer, "options", dns.Options);
        }

        writer.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter writer, string name, IReadOnlyList<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }

    private static void WriteUnlessEmpty(Utf8JsonWriter writer, string name, string value)
    {
        if (value.Length > 0)
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteUnlessNull(Utf8JsonWriter writer, string name, uint? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }
}
