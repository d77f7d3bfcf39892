using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using Kn.NetnsTests;

namespace Kn.Dns.NetnsTests.Forwarding;

/// <summary>A real DNS server of Debian's on a loopback port, with a folder of its own; gone after Dispose.</summary>
internal sealed class PeerServer : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-peer-").FullName;
    private readonly string _tool;
    private readonly string[] _arguments;
    private readonly bool _probe;
    private Process? _process;

    private PeerServer(string tool, Func<string, int, string[]> arguments, bool probe = true)
    {
        _tool = tool;
        _probe = probe;
        Address = FreeAddress();
        _arguments = arguments(_folder, Address.Port);
        Start();
    }

    public IPEndPoint Address { get; }

    /// <summary>NSD with the zone <c>example</c>, which has a little of everything.</summary>
    public static PeerServer Nsd() => new("nsd", static (folder, port) =>
    {
        File.WriteAllText(Path.Combine(folder, "zone"), Zone());
        return ["-d", "-c", Config(folder, $"""
            server:
              ip-address: 127.0.0.1@{port}
              port: {port}
              username: ""
              zonesdir: "{folder}"
              database: ""
              pidfile: "{folder}/pid"
              zonelistfile: "{folder}/zones"
              xfrdfile: "{folder}/xfrd"
              xfrdir: "{folder}"
            remote-control:
              control-enable: no
            zone:
              name: example
              zonefile: zone
            """)];
    });

    /// <summary>Unbound, a recursive resolver that has the zone from that server.</summary>
    public static PeerServer Unbound(PeerServer authority) => new("unbound", (folder, port) => ["-d", "-c", Config(folder, $"""
        server:
          interface: 127.0.0.1@{port}
          username: ""
          chroot: ""
          directory: "{folder}"
          pidfile: "{folder}/pid"
          use-syslog: no
          logfile: "{folder}/log"
          do-not-query-localhost: no
          module-config: "iterator"
        remote-control:
          control-enable: no
        stub-zone:
          name: "example"
          stub-addr: 127.0.0.1@{authority.Address.Port}
        """)]);

    /// <summary>dnsmasq, which forwards everything to that address.</summary>
    public static PeerServer Dnsmasq(IPEndPoint upstream, bool probe = true) => new(
        "dnsmasq",
        (folder, port) =>
        [
            "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root",
            $"--pid-file={folder}/pid", $"--port={port}", $"--server=127.0.0.1#{upstream.Port}", "--cache-size=0",
        ],
        probe);

    /// <summary>Starts it, again after <see cref="Stop"/>, and waits until it answers.</summary>
    public void Start()
    {
        _process = Tool.Start(_tool, _arguments);
        _ = _process.StandardOutput.ReadToEndAsync();
        _ = _process.StandardError.ReadToEndAsync();
        Eventually.True(() => _process.HasExited || (_probe ? Answers() : Accepts()), $"{_tool} answers on {Address}");
        Assert.False(_process.HasExited, $"{_tool} ended");
    }

    public void Stop()
    {
        if (_process is { } process)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
            _process = null;
        }
    }

    public void Dispose()
    {
        Stop();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A port of 127.0.0.1 that nobody had a moment ago.</summary>
    public static IPEndPoint FreeAddress()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }

    private bool Answers()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 200 };
        try
        {
            socket.Connect(Address);
            socket.Send(Messages.Query("example", DnsType.Soa));
            return socket.Receive(new byte[4096]) > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>For servers that would ask somebody who is not there yet.</summary>
    private bool Accepts()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(Address);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Config(string folder, string text)
    {
        var path = Path.Combine(folder, "config");
        File.WriteAllText(path, text + "\n");
        return path;
    }

    private static string Zone()
    {
        var zone = new StringBuilder("""
            $ORIGIN example.
            $TTL 300
            @ SOA ns hostmaster 1 3600 900 604800 60
            @ NS ns
            @ MX 10 mail
            @ TXT "v=spf1 -all" "second string"
            @ CAA 0 issue "ca.example"
            ns A 127.0.0.1
            mail A 192.0.2.25
            www 20 CNAME web
            web A 192.0.2.80
            web AAAA 2001:db8::80
            a1 CNAME a2
            a2 CNAME a3
            a3 CNAME web
            _http._tcp SRV 0 5 80 web
            *.wild A 192.0.2.99
            dn DNAME web
            naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example!" .
            https HTTPS 1 . alpn=h2
            short 1 A 192.0.2.1

            """);
        for (var address = 1; address <= 200; address++)
        {
            zone.Append($"many A 192.0.2.{address}\n");
        }

        return zone.ToString();
    }
}
