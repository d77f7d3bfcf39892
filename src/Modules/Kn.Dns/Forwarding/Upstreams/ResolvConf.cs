using System.Net;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>What a resolver file says of whom to ask.</summary>
/// <remarks>resolv.conf(5). Search lists and options are the clients' own affair. glibc asks the first three nameservers only; all are
/// read here, up to a bound, because here they share the load.</remarks>
internal static class ResolvConf
{
    /// <summary>CoreDNS has the same bound.</summary>
    internal const int MaxNameservers = 15;

    /// <summary>The nameservers in their order, each once.</summary>
    /// <param name="text">The file.</param>
    /// <param name="unreadable">Entries that are no address.</param>
    internal static IReadOnlyList<IPEndPoint> Nameservers(string text, out IReadOnlyList<string> unreadable)
    {
        List<IPEndPoint> found = [];
        List<string> bad = [];
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || words[0] != "nameserver")
            {
                continue;
            }

            if (!IPAddress.TryParse(words[1], out _) || !UpstreamAddress.TryParse(words[1], out var address))
            {
                bad.Add(words[1]);
            }
            else if (found.Count < MaxNameservers && !found.Contains(address))
            {
                found.Add(address);
            }
        }

        unreadable = bad;
        return found;
    }
}
