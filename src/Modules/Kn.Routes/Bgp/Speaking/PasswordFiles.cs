using System.Text;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.Bgp.Speaking;

/// <summary>Reads the files with TCP MD5 keys.</summary>
internal static class PasswordFiles
{
    /// <summary>TCP_MD5SIG_MAXKEYLEN, uapi/linux/tcp.h.</summary>
    private const int LongestKey = 80;

    /// <summary>What the files of the config hold, and why others cannot be used.</summary>
    public static async Task<(ValueMap<string, string> Passwords, ValueMap<string, string> Unreadable)> ReadAsync(BgpOptions options, CancellationToken cancellationToken)
    {
        var passwords = new Dictionary<string, string>(StringComparer.Ordinal);
        var faults = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in options.Peers.Select(static peer => peer.PasswordFile).Append(options.NodeMesh.PasswordFile))
        {
            if (string.IsNullOrEmpty(path) || passwords.ContainsKey(path) || faults.ContainsKey(path))
            {
                continue;
            }

            try
            {
                var text = (await File.ReadAllTextAsync(path, cancellationToken)).TrimEnd('\n', '\r');
                if (Encoding.UTF8.GetByteCount(text) is >= 1 and <= LongestKey)
                {
                    passwords.Add(path, text);
                }
                else
                {
                    faults.Add(path, $"{path} holds no key of 1 to {LongestKey} bytes");
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                faults.Add(path, $"{path} cannot be read: {fault.Message}");
            }
        }

        return (passwords.ToValueMap(), faults.ToValueMap());
    }
}
