using System.Diagnostics;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Dns;

/// <summary>Debian's servers with the same names: in a namespace of their own without any nftables table, or in the node's.</summary>
internal sealed class DnsPeers : IDisposable
{
    private const string Own = "knb-dns";
    private const int NsdPort = 5301;
    private const int UnboundPort = 5302;
    private const int DnsmasqPort = 5303;
    private const int UpstreamPort = 5304;

    private readonly string _folder;
    private readonly NetworkNamespace _space;
    private readonly List<Process> _processes = [];

    /// <summary>Starts them.</summary>
    /// <param name="folder">Has the zone files; theirs are written there.</param>
    /// <param name="node">The node, as <c>ip netns</c> names it, for peers that share its tables; null for a namespace without any.</param>
    public DnsPeers(string folder, string? node)
    {
        _folder = folder;
        if (node is null)
        {
            NetworkNamespace.Remove(Own);
            NetworkNamespace.Create(Own).Dispose();
            Spawn.Run("/usr/sbin/ip", ["-n", Own, "link", "set", "lo", "up"], ["PATH=/usr/sbin"], []);
        }

        var space = node ?? Own;
        _space = NetworkNamespace.OpenNamed(space);
        Upstream = Start(space, _space, UpstreamPort, "/usr/sbin/nsd", "-d", "-c", Nsd("upstream", UpstreamPort, "bench.test", "outside.zone"));
        ClusterPeers =
        [
            Start(space, _space, NsdPort, "/usr/sbin/nsd", "-d", "-c", Nsd("nsd", NsdPort, "cluster.local", "cluster.zone")),
            Unbound = Start(space, _space, UnboundPort, "/usr/sbin/unbound", "-d", "-c", UnboundConfig()),
            Start(space, _space, DnsmasqPort, "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", $"--addn-hosts={folder}/hosts", "--local=/cluster.local/", "--local-ttl=5", "--bind-interfaces", "--listen-address=127.0.0.1", "--user=root", $"--pid-file={folder}/dnsmasq.pid", $"--port={DnsmasqPort}"),
        ];
        Thread.Sleep(TimeSpan.FromSeconds(3));
    }

    /// <summary>Those that have the cluster's names.</summary>
    public IReadOnlyList<DnsServer> ClusterPeers { get; }

    /// <summary>NSD with the names outside the cluster, whom Unbound asks.</summary>
    public DnsServer Upstream { get; }

    /// <summary>The one that also forwards, and keeps answers.</summary>
    public DnsServer Unbound { get; }

    /// <summary>An upstream for Kn: NSD with the names outside the cluster, in the node's namespace.</summary>
    public DnsAddress StartUpstream(string node, NetworkNamespace open) => _space.Inode == open.Inode ? Upstream.Address : Start(node, open, UpstreamPort, "/usr/sbin/nsd", "-d", "-c", Nsd("node-upstream", UpstreamPort, "bench.test", "outside.zone")).Address;

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        _space.Dispose();
        NetworkNamespace.Remove(Own);
    }

    private DnsServer Start(string space, NetworkNamespace open, int port, string program, params string[] words)
    {
        var (server, process) = DnsServer.Start(space, open, port, program, words);
        _processes.Add(process);
        return server;
    }

    private string Nsd(string name, int port, string zone, string file)
    {
        var own = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        return Write(own, $"""
            server:
              ip-address: 127.0.0.1@{port}
              port: {port}
              server-count: 1
              username: ""
              zonesdir: "{_folder}"
              database: ""
              pidfile: "{own}/pid"
              zonelistfile: "{own}/zones"
              xfrdfile: "{own}/xfrd"
              xfrdir: "{own}"
              rrl-ratelimit: 0
            remote-control:
              control-enable: no
            zone:
              name: {zone}
              zonefile: {file}
            """);
    }

    private string UnboundConfig()
    {
        var own = Directory.CreateDirectory(Path.Combine(_folder, "unbound")).FullName;
        File.WriteAllText(Path.Combine(own, "data"), DnsNames.UnboundLocalData());
        return Write(own, $"""
            server:
              interface: 127.0.0.1@{UnboundPort}
              num-threads: 1
              username: ""
              chroot: ""
              directory: "{own}"
              pidfile: "{own}/pid"
              use-syslog: no
              logfile: "{own}/log"
              module-config: "iterator"
              do-not-query-localhost: no
              include: "{own}/data"
            remote-control:
              control-enable: no
            forward-zone:
              name: "."
              forward-addr: 127.0.0.1@{UpstreamPort}
            """);
    }

    private static string Write(string folder, string text)
    {
        var path = Path.Combine(folder, "config");
        File.WriteAllText(path, text + "\n");
        return path;
    }
}
