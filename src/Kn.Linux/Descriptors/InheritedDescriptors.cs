using System.Globalization;
using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Descriptors;

/// <summary>Open files that the service manager gave the process at its start (sd_listen_fds(3)): descriptors from 3 on, with names.</summary>
public static class InheritedDescriptors
{
    /// <summary>SD_LISTEN_FDS_START.</summary>
    private const int First = 3;

    /// <summary>No manager stores more; a number from a broken environment must not cost a million system calls.</summary>
    private const int Most = 4096;

    /// <summary>The name that systemd gives what was stored without one.</summary>
    private const string Unnamed = "stored";

    /// <summary>Takes them over: they are closed on exec from now on. Once in a process.</summary>
    /// <param name="process">LISTEN_PID: whom they are for; nothing is taken when that is another process.</param>
    /// <param name="count">LISTEN_FDS.</param>
    /// <param name="names">LISTEN_FDNAMES: names between colons.</param>
    public static IReadOnlyList<KeyValuePair<string, SafeFileHandle>> Take(string? process, string? count, string? names)
    {
        if (!int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || pid != Environment.ProcessId
            || !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var descriptors))
        {
            return [];
        }

        var taken = new List<KeyValuePair<string, SafeFileHandle>>();
        var words = string.IsNullOrEmpty(names) ? [] : names.Split(':');
        for (var index = 0; index < Math.Min(descriptors, Most); index++)
        {
            // Who says that there are more than are open is believed for those that are.
            if (Libc.fcntl(First + index, Libc.F_GETFD, 0) >= 0 && Libc.fcntl(First + index, Libc.F_SETFD, Libc.FD_CLOEXEC) >= 0)
            {
                taken.Add(new(index < words.Length ? words[index] : Unnamed, new SafeFileHandle(First + index, ownsHandle: true)));
            }
        }

        return taken;
    }
}
