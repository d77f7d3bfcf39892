namespace Kn.Linux.Sysctl;

/// <summary>Makes the calling thread's network namespace a router, for both families.</summary>
public static class Forwarding
{
    private const string AllIPv4 = "net/ipv4/ip_forward";
    private const string AllIPv6 = "net/ipv6/conf/all/forwarding";
    private const string IPv6Links = "/proc/sys/net/ipv6/conf";

    /// <summary>Switches forwarding on where it is off.</summary>
    /// <remarks>A router ignores router advertisements unless accept_ra is 2; a machine that has its own default route from them would lose
    /// it. So links that listen to them now (1) are told to go on listening (2) before. Documentation/networking/ip-sysctl.rst.</remarks>
    /// <exception cref="LinuxException">EROFS: /proc/sys is read-only, as in a container.</exception>
    public static void Enable()
    {
        Sysctl.Ensure(AllIPv4, "1");
        if (Sysctl.Read(AllIPv6) is not "0")
        {
            return;
        }

        foreach (var link in Directory.EnumerateDirectories(IPv6Links).Select(Path.GetFileName))
        {
            var key = $"net/ipv6/conf/{link}/accept_ra";
            if (link is not ("all" or "default" or "lo") && Sysctl.Read(key) is "1")
            {
                Sysctl.Write(key, "2");
            }
        }

        Sysctl.Ensure(AllIPv6, "1");
    }
}
