using System.Text;
using Kn.Linux.Interop;
using Kn.Linux.Namespaces;

namespace Kn.Linux.Sysctl;

/// <summary>Kernel settings under /proc/sys.</summary>
/// <remarks>What is below net belongs to a network namespace: that of the calling thread, or the one given. Keys are written with
/// dots, or with slashes where a part, such as the link eth0.100, has a dot itself: net/ipv4/conf/eth0.100/forwarding. sysctl(8).</remarks>
public static class Sysctl
{
    private const int MaxValueBytes = 4096;

    /// <summary>The value without its line end; null when the kernel has no such setting.</summary>
    /// <exception cref="ArgumentException">The key leaves /proc/sys.</exception>
    public static string? Read(string key)
    {
        var path = PathOf(key);
        using var file = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (file.IsInvalid)
        {
            return Libc.LastError is Errno.ENOENT or Errno.ENOTDIR ? null : throw new LinuxException($"read sysctl {key}", Libc.LastError);
        }

        Span<byte> value = stackalloc byte[MaxValueBytes];
        var length = Libc.Read(file, value);
        Libc.ThrowIfFailed(length, $"read sysctl {key}");
        return Encoding.UTF8.GetString(value[..(int)length].TrimEnd("\n"u8));
    }

    /// <inheritdoc cref="Read(string)"/>
    /// <param name="key">Which setting.</param>
    /// <param name="inside">The network namespace whose setting it is.</param>
    public static string? Read(string key, NetworkNamespace inside) => inside.Run(() => Read(key));

    /// <summary>Sets a value.</summary>
    /// <exception cref="LinuxException">ENOENT: no such setting. EINVAL: not a value of it. EROFS: /proc/sys is read-only, as in a container.</exception>
    /// <exception cref="ArgumentException">The key leaves /proc/sys.</exception>
    public static void Write(string key, string value)
    {
        var operation = $"write sysctl {key} = {value}";
        using var file = Libc.open(PathOf(key), Libc.O_WRONLY | Libc.O_CLOEXEC, 0);
        if (file.IsInvalid)
        {
            throw new LinuxException(operation, Libc.LastError);
        }

        Libc.ThrowIfFailed(Libc.Write(file, Encoding.UTF8.GetBytes(value)), operation);
    }

    /// <inheritdoc cref="Write(string, string)"/>
    /// <param name="key">Which setting.</param>
    /// <param name="value">Its new value.</param>
    /// <param name="inside">The network namespace whose setting it is.</param>
    public static void Write(string key, string value, NetworkNamespace inside) => inside.Run(() => Write(key, value));

    /// <summary>Sets a value unless it is set already, so that a read-only /proc/sys with the right value is no error.</summary>
    /// <returns>True when it was changed.</returns>
    /// <exception cref="LinuxException">As for <see cref="Write(string, string)"/>.</exception>
    public static bool Ensure(string key, string value)
    {
        if (Read(key) == value)
        {
            return false;
        }

        Write(key, value);
        return true;
    }

    private static string PathOf(string key)
    {
        var path = key.Contains('/') ? key : key.Replace('.', '/');
        if (path.Length == 0 || path[0] == '/' || path.Contains('\0') || path.Split('/').Any(static part => part is "" or "." or ".."))
        {
            throw new ArgumentException($"'{key}' is not a sysctl key such as net.ipv4.ip_forward", nameof(key));
        }

        return "/proc/sys/" + path;
    }
}
