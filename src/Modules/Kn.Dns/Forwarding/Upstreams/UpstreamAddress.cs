using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>Reads the address of an upstream as the config and resolv.conf have it.</summary>
internal static class UpstreamAddress
{
    internal const int DnsPort = 53;

    /// <summary>An address, or <c>ADDRESS:PORT</c> with IPv6 in brackets; a link-local one may name its link (<c>fe80::1%eth0</c>).</summary>
    internal static bool TryParse(string text, out IPEndPoint address)
    {
        address = new IPEndPoint(IPAddress.None, DnsPort);
        var (host, port) = Split(text);
        if (host.Length == 0 || !ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0
            || !IPAddress.TryParse(host, out var parsed) || !IsWritten(host, parsed))
        {
            return false;
        }

        address = new IPEndPoint(parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed, number);
        return true;
    }

    private static (string Host, string Port) Split(string text)
    {
        const string standard = "53";
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            return end < 0 ? ("", "") : (text[1..end], text.Length == end + 1 ? standard : text[end + 1] == ':' ? text[(end + 2)..] : "");
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || text.IndexOf(':', colon + 1) >= 0 ? (text, standard) : (text[..colon], text[(colon + 1)..]);
    }

    /// <summary>The framework also takes 1.2 and 0x7f000001 for addresses, as inet_aton does; nobody means those.</summary>
    private static bool IsWritten(string host, IPAddress parsed) => parsed.AddressFamily == AddressFamily.InterNetworkV6
        ? !host.Contains('[', StringComparison.Ordinal)
        : Primitives.IpAddress.TryParse(host, out _);
}
