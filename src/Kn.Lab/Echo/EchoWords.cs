using System.Net;

namespace Kn.Lab.Echo;

/// <summary>What the echo server answers, the same over HTTP and UDP.</summary>
/// <param name="Hostname">The name of the host that it runs on: the pod's name.</param>
internal sealed record EchoWords(string Hostname)
{
    /// <summary>The answer to a path of a URL; null when there is nothing at that path.</summary>
    /// <param name="target">The request target of HTTP's first line, such as /echo?msg=a%20b.</param>
    /// <param name="client">Who asked.</param>
    public string? ToPath(string target, IPEndPoint client)
    {
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? target : target[..question];
        return path switch
        {
            "/" or "/hostname" => Hostname,
            "/clientip" => AddressOf(client),
            "/healthz" => "ok",
            "/echo" => Parameter(question < 0 ? "" : target[(question + 1)..], "msg"),
            _ => null,
        };
    }

    /// <summary>The answer to a datagram: "hostname", "clientip" or "echo msg".</summary>
    public string ToDatagram(string words, IPEndPoint client)
    {
        var text = words.TrimEnd('\r', '\n');
        return text switch
        {
            "hostname" => Hostname,
            "clientip" => AddressOf(client),
            "healthz" => "ok",
            _ when text.StartsWith("echo ", StringComparison.Ordinal) => text[5..],
            _ => "say hostname, clientip or echo MESSAGE",
        };
    }

    /// <summary>The address as its owner writes it: IPv4 without ::ffff:, IPv6 without a scope.</summary>
    public static string AddressOf(IPEndPoint client)
    {
        var address = client.Address;
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4().ToString();
        }

        return address.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6 || address.ScopeId == 0 ? address.ToString() : new IPAddress(address.GetAddressBytes()).ToString();
    }

    private static string Parameter(string query, string name)
    {
        foreach (var pair in query.Split('&'))
        {
            if (pair.StartsWith(name, StringComparison.Ordinal) && pair.AsSpan(name.Length).StartsWith("="))
            {
                return Uri.UnescapeDataString(pair[(name.Length + 1)..].Replace('+', ' '));
            }
        }

        return "";
    }
}
