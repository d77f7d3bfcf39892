using System.Text;
using Kn.Ingress.Features;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Planning;

/// <summary>Reads names and passwords of a Secret: a file of htpasswd under the key auth, or a key for each name.</summary>
internal static class UserFile
{
    /// <summary>Hashes by name.</summary>
    /// <param name="secret">The Secret.</param>
    /// <param name="isMap">Whether its keys are the names.</param>
    /// <param name="tell">Is told of lines that cannot be used; never of a hash.</param>
    public static ValueMap<string, string> Read(Secret secret, bool isMap, Action<string> tell)
    {
        var users = new Dictionary<string, string>();
        foreach (var key in isMap ? secret.Data.Keys : ["auth"])
        {
            if (!secret.TryGet(key, out var value))
            {
                continue;
            }

            var text = Encoding.UTF8.GetString(value);
            foreach (var line in isMap ? [$"{key}:{text.Trim()}"] : text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                Add(line, users, tell);
            }
        }

        return users.ToValueMap();
    }

    private static void Add(string line, Dictionary<string, string> users, Action<string> tell)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        if (line.StartsWith('#'))
        {
            return;
        }

        if (colon < 1 || !HtpasswdHash.IsKnown(line[(colon + 1)..]))
        {
            tell(colon < 1 ? "a line without a name" : $"the password of {line[..colon]} is stored in a way that is not supported: use htpasswd -B");
            return;
        }

        _ = users.TryAdd(line[..colon], line[(colon + 1)..]);
    }
}
