using System.Diagnostics;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Dns;

/// <summary>Debian's servers with the same names: on the node, or in a namespace of their own without any nftables table.</summary>
/// <remarks>On the node each has an address as Kn has: one of a link of its own, whose packets are not tracked. So all pass the same tables.</remarks>
internal sealed class DnsPeers : IDisposable
{
    private const string Own = "knb-dns";
    private const string OnNode = "198.18.0";
    private const int Port = 5300;

    private static readonly string[] NodeCommands =
    [
        "ip link add dnspeers type bridge",
        .. Enumerable.Range(1, 5).Select(static number => $"ip addr add {OnNode}.{number}/32 dev dnspeers"),
        "ip link set dnspeers up",
        "nft add table inet dnspeers",
        "nft add chain inet dnspeers prerouting { type filter hook prerouting priority raw ; }",
        "nft add chain inet dnspeers output { type filter hook output priority raw ; }",
        $"nft add rule inet dnspeers prerouting ip daddr {OnNode}.0/24 notrack accept",
        $"nft add rule inet dnspeers output ip saddr {OnNode}.0/24 notrack accept",
    ];

    private readonly string _folder;
    private readonly string _place;
    private readonly bool _isOnNode;
    private readonly NetworkNamespace _space;
    private readonly List<Process> _processes = [];

    /// <summary>Starts them.</summary>
    /// <param name="folder">Has the zone files; theirs are written there.</param>
    /// <param name="node">The node, as <c>ip netns</c> names it, for peers beside Kn; null for a namespace without any table.</param>
    public DnsPeers(string folder, string? node)
    {
        _folder = folder;
        _isOnNode = node is not null;
        _place = node ?? Own;
        if (node is null)
        {
            NetworkNamespace.Remove(Own);
            NetworkNamespace.Create(Own).Dispose();
            Call("ip link set lo up");
        }
        else
        {
            foreach (var command in NodeCommands)
            {
                Call(command);
            }
        }

        _space = NetworkNamespace.OpenNamed(_place);
        var upstream = AddressOf(4);
        Upstream = Start(upstream, "/usr/sbin/nsd", "-d", "-c", Nsd("upstream", upstream, ("bench.test", "outside.zone"), ("cluster.local", "cluster-long.zone")));
        var (nsd, unbound, dnsmasq, knot) = (AddressOf(1), AddressOf(2), AddressOf(3), AddressOf(5));
        ClusterPeers =
        [
            Start(nsd, "/usr/sbin/nsd", "-d", "-c", Nsd("nsd", nsd, ("cluster.local", "cluster.zone"))),
            Unbound = Start(unbound, "/usr/sbin/unbound", "-d", "-c", UnboundConfig(unbound, upstream)),
            Start(dnsmasq, "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", $"--addn-hosts={folder}/hosts", "--local=/cluster.local/", "--local-ttl=5", "--bind-interfaces", $"--listen-address={dnsmasq.Address}", "--user=root", $"--pid-file={folder}/dnsmasq.pid", $"--port={dnsmasq.Port}"),
            Start(knot, "/usr/sbin/kresd", "-n", "-c", KnotConfig(knot, upstream), Directory.CreateDirectory(Path.Combine(folder, "kresd")).FullName),
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
    public DnsAddress StartUpstream(string node, NetworkNamespace open)
    {
        if (_isOnNode)
        {
            return Upstream.Address;
        }

        var address = new DnsAddress("127.0.0.1", Port);
        var (server, process) = DnsServer.Start(node, open, address, "/usr/sbin/nsd", "-d", "-c", Nsd("node-upstream", address, ("bench.test", "outside.zone")));
        _processes.Add(process);
        return server.Address;
    }

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

    private DnsAddress AddressOf(int number) => _isOnNode ? new DnsAddress($"{OnNode}.{number}", Port) : new DnsAddress("127.0.0.1", Port + number);

    private void Call(string words)
    {
        var result = Spawn.Run("/usr/sbin/ip", ["netns", "exec", _place, .. words.Split(' ')], ["PATH=/usr/sbin:/usr/bin"], []);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"{words}: exit {result.ExitCode}: {result.Output}");
        }
    }

    private DnsServer Start(DnsAddress address, string program, params string[] words)
    {
        var (server, process) = DnsServer.Start(_place, _space, address, program, words);
        _processes.Add(process);
        return server;
    }

    private string Nsd(string name, DnsAddress address, params (string Name, string File)[] zones)
    {
        var own = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        return Write(own, $"""
            server:
              ip-address: {address.Address}@{address.Port}
              port: {address.Port}
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

            """ + string.Concat(zones.Select(static zone => $"zone:\n  name: {zone.Name}\n  zonefile: {zone.File}\n")));
    }

    private string UnboundConfig(DnsAddress address, DnsAddress upstream)
    {
        var own = Directory.CreateDirectory(Path.Combine(_folder, "unbound")).FullName;
        File.WriteAllText(Path.Combine(own, "data"), DnsNames.UnboundLocalData());
        return Write(own, $"""
            server:
              interface: {address.Address}@{address.Port}
              access-control: 0.0.0.0/0 allow
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
              forward-addr: {upstream.Address}@{upstream.Port}
            """);
    }

    /// <summary>Knot Resolver has no zones of its own: it learns the names from the upstream, whose TTLs are long, and answers from its cache.</summary>
    private string KnotConfig(DnsAddress address, DnsAddress upstream) => Write(Directory.CreateDirectory(Path.Combine(_folder, "knot")).FullName, $"""
        net.listen('{address.Address}', {address.Port}, {'{'} kind = 'dns' {'}'})
        cache.size = 100 * MB
        trust_anchors.remove('.')
        policy.add(policy.all(policy.STUB('{upstream.Address}@{upstream.Port}')))
        """);

    private static string Write(string folder, string text)
    {
        var path = Path.Combine(folder, "config");
        File.WriteAllText(path, text + "\n");
        return path;
    }
}
