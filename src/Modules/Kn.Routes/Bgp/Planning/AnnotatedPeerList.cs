namespace Kn.Routes.Bgp.Planning;

/// <summary>The annotation <c>peers</c>: a YAML list of maps of words, such as <c>- remoteip: 192.0.2.1</c> with <c>remoteasn</c>, <c>remoteport</c>, <c>password</c> and
/// <c>localip</c>. Pure.</summary>
/// <remarks>No more of YAML than kube-router's documentation shows: block lists of block maps, comments, quoted words.</remarks>
internal static class AnnotatedPeerList
{
    /// <summary>The entries; what an entry does not say is empty.</summary>
    public static IReadOnlyList<Entry> Read(string text)
    {
        var entries = new List<Entry>();
        foreach (var line in text.Split('\n'))
        {
            var rest = line.Trim();
            if (rest.Length == 0 || rest[0] == '#')
            {
                continue;
            }

            if (rest[0] == '-')
            {
                entries.Add(new Entry());
                rest = rest[1..].TrimStart();
            }

            var colon = rest.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && entries.Count > 0)
            {
                entries[^1] = With(entries[^1], rest[..colon].Trim(), Word(rest[(colon + 1)..]));
            }
        }

        return entries;
    }

    private static Entry With(Entry entry, string key, string value) => key switch
    {
        "remoteip" => entry with { Address = value },
        "remoteasn" => entry with { Asn = value },
        "remoteport" or "port" => entry with { Port = value },
        "password" => entry with { Password = value },
        "localip" => entry with { LocalAddress = value },
        _ => entry,
    };

    private static string Word(string text)
    {
        var word = text.Trim();
        return word.Length >= 2 && word[0] is '"' or '\'' && word[^1] == word[0] ? word[1..^1] : word;
    }

    /// <summary>A peer, as written.</summary>
    internal readonly record struct Entry(string Address, string Asn, string Port, string Password, string LocalAddress)
    {
        public Entry()
            : this("", "", "", "", "")
        {
        }
    }
}
