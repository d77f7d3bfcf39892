using System.Globalization;
using Kn.Linux.Sysctl;

namespace Kn.Routes.FastPath;

/// <summary>What connection tracking must be told where it does not see most packets of a connection.</summary>
/// <remarks>
/// Documentation/networking/nf_conntrack-sysctl.rst, all under net.netfilter. be_liberal: sequence numbers that have gone on unseen are no fault. And an
/// established connection must not count as one whose peer has gone silent because its last acknowledgement was not seen: it would be forgotten after five idle
/// minutes, and its next packet be judged as the first of a connection in whichever direction it goes. So the two short time-outs for these cases are
/// as long as that of established connections.
/// </remarks>
internal static class TrackingSettings
{
    private const string Liberal = "net/netfilter/nf_conntrack_tcp_be_liberal";
    private const string Established = "net/netfilter/nf_conntrack_tcp_timeout_established";
    private static readonly string[] Shorter = ["net/netfilter/nf_conntrack_tcp_timeout_unacknowledged", "net/netfilter/nf_conntrack_tcp_timeout_max_retrans"];

    /// <summary>Sets them in the thread's network namespace, where they are not so.</summary>
    /// <exception cref="Linux.LinuxException">The kernel has no connection tracking, or /proc/sys is read-only.</exception>
    public static void Ensure()
    {
        Sysctl.Ensure(Liberal, "1");
        var established = Seconds(Established);
        foreach (var setting in Shorter)
        {
            if (Seconds(setting) < established)
            {
                Sysctl.Write(setting, established.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    private static uint Seconds(string setting) => uint.TryParse(Sysctl.Read(setting), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 0;
}
