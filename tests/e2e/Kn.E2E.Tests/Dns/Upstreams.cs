using System.Text;
using Kn.E2E.Tests.Framework;
using Kn.E2E.Tests.Services;
using Kn.Lab.Processes;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Dns;

/// <summary>Debian's servers as upstreams, on the host outside the cluster.</summary>
/// <remarks>
/// <code>
/// nsd      192.168.77.3  fd00:77::3   the root and example.
/// unbound  192.168.77.4               resolves example. from nsd
/// dnsmasq               fd00:77::5    forwards everything to nsd
/// </code>
/// </remarks>
internal sealed class Upstreams : IAsyncDisposable
{
    /// <summary>The server that knows everything.</summary>
    public const string Nsd = "192.168.77.3";

    /// <summary>A resolver.</summary>
    public const string Unbound = "192.168.77.4";

    /// <summary>A forwarder, by IPv6 alone.</summary>
    public const string Dnsmasq = "fd00:77::5";

    /// <summary>How many addresses many.example has, which is more than fits into any datagram of ours.</summary>
    public const int Many = 200;

    /// <summary>How many addresses some.example has: more than fits into 512 bytes.</summary>
    public const int Some = 50;

    private readonly NetworkNamespace _outside;
    private readonly string _folder;
    private readonly List<RunningProgram> _programs = [];

    private Upstreams(NetworkNamespace outside, string folder) => (_outside, _folder) = (outside, folder);

    /// <summary>Starts all three and waits until they answer.</summary>
    public static async Task<Upstreams> StartAsync(NetworkNamespace outside, string folder)
    {
        var upstreams = new Upstreams(outside, Directory.CreateDirectory(Path.Combine(folder, "upstreams")).FullName);
        foreach (var address in (string[])[Nsd + "/24", "fd00:77::3/64", Unbound + "/24", Dnsmasq + "/64"])
        {
            await AddAddressAsync(outside, address);
        }

        upstreams.Start("nsd", "-d", "-c", upstreams.Write("nsd.conf", upstreams.NsdConfig()));
        upstreams.Start("unbound", "-d", "-c", upstreams.Write("unbound.conf", upstreams.UnboundConfig()));
        upstreams.Start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", $"--listen-address={Dnsmasq}", "--bind-interfaces", "--user=root",
            $"--pid-file={upstreams._folder}/dnsmasq.pid", $"--server={Nsd}", "--cache-size=0");
        foreach (var address in (string[])[Nsd, Unbound, Dnsmasq])
        {
            await LabFixture.UntilAsync($"{address} answers", async () =>
                (await ProgramStart.RunAsync(outside, ["dig", "@" + address, "+time=1", "+tries=1", "+short", "www.example"], null, "", CancellationToken.None)).Output.Contains("192.0.2.80", StringComparison.Ordinal));
        }

        return upstreams;
    }

    /// <summary>Gives the host one more address, usable at once.</summary>
    public static async Task AddAddressAsync(NetworkNamespace host, string address)
    {
        string[] nodad = address.Contains(':', StringComparison.Ordinal) ? ["nodad"] : [];
        var added = await ProgramStart.RunAsync(host, ["ip", "address", "add", address, "dev", "eth0", .. nodad], null, "", CancellationToken.None);
        Assert.True(added.ExitCode == 0, added.Errors);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var program in _programs)
        {
            await program.DisposeAsync();
        }
    }

    private void Start(params string[] command) => _programs.Add(new RunningProgram(_outside, command));

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text + "\n");
        return path;
    }

    private string NsdConfig()
    {
        Write("root.zone", RootZone);
        Write("example.zone", ExampleZone());
        return $"""
            server:
              ip-address: {Nsd}
              ip-address: fd00:77::3
              username: ""
              zonesdir: "{_folder}"
              database: ""
              pidfile: "{_folder}/nsd.pid"
              zonelistfile: "{_folder}/nsd.zones"
              xfrdfile: "{_folder}/nsd.xfrd"
              xfrdir: "{_folder}"
              logfile: "{_folder}/nsd.log"
            remote-control:
              control-enable: no
            zone:
              name: .
              zonefile: root.zone
            zone:
              name: example
              zonefile: example.zone
            """;
    }

    private string UnboundConfig() => $"""
        server:
          interface: {Unbound}
          access-control: 0.0.0.0/0 allow
          username: ""
          chroot: ""
          directory: "{_folder}"
          pidfile: "{_folder}/unbound.pid"
          use-syslog: no
          logfile: "{_folder}/unbound.log"
          num-threads: 1
          do-not-query-localhost: no
          module-config: "iterator"
        remote-control:
          control-enable: no
        stub-zone:
          name: "example"
          stub-addr: {Nsd}
        """;

    private const string RootZone = """
        $ORIGIN .
        $TTL 300
        @ SOA ns.example. hostmaster.example. 1 3600 900 604800 60
        @ NS ns.example.
        xcluster.local A 192.0.2.7
        9.9.9.9.in-addr.arpa PTR nine.example.
        7.0.0.127.in-addr.arpa PTR seven.example.
        """;

    private static string ExampleZone()
    {
        var zone = new StringBuilder("""
            $ORIGIN example.
            $TTL 300
            @ SOA ns hostmaster 1 3600 900 604800 60
            @ NS ns
            @ MX 10 mail
            @ TXT "v=spf1 -all" "second string"
            ns A 192.168.77.3
            ns AAAA fd00:77::3
            mail A 192.0.2.25
            www A 192.0.2.80
            www AAAA 2001:db8::80
            four A 192.0.2.4
            alias 20 CNAME www
            a1 CNAME a2
            a2 CNAME a3
            a3 CNAME www
            lost CNAME nobody
            _http._tcp SRV 0 5 80 www
            *.wild A 192.0.2.99
            *.unbound A 192.0.2.53
            *.masq A 192.0.2.54
            dn DNAME www
            short 1 A 192.0.2.1

            """);
        Repeat("many", Many);
        Repeat("some", Some);
        return zone.ToString();

        void Repeat(string name, int count)
        {
            for (var address = 1; address <= count; address++)
            {
                zone.Append($"{name} A 192.0.2.{address}\n");
            }
        }
    }
}
