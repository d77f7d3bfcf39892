using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kn.Bench.Groups.Dns;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Kubernetes.Storage;
using Kn.Linux.Namespaces;
using Kn.Linux.Tls;
using Kn.Primitives;

namespace Kn.Bench.Groups.Ingress;

/// <summary>A namespace with an upstream, and proxies before it: the agent, with an Ingress from the snapshot of its cache, and nginx.</summary>
internal sealed class IngressField : IDisposable
{
    private const string Space = "knb-ingress";
    private const string Server = "https://127.0.0.1:1/";
    private const int UpstreamPort = 9000;
    private const int NginxPort = 9001;
    private const int KnPort = 9002;
    private const int NginxTlsPort = 9003;
    private const int KnTlsPort = 9004;
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-bench-ingress-").FullName;
    private readonly List<Process> _processes = [];
    private readonly NetworkNamespace _space;

    public IngressField(string binaries)
    {
        NetworkNamespace.Remove(Space);
        NetworkNamespace.Create(Space).Dispose();
        _space = NetworkNamespace.OpenNamed(Space);
        try
        {
            (Kn, Nginx) = StartAll(binaries);
            Proxies = [Kn, Nginx];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public Proxy Kn { get; }

    public Proxy Nginx { get; }

    public IReadOnlyList<Proxy> Proxies { get; }

    /// <summary>Requests as fast as they are answered, on 64 connections, for some seconds.</summary>
    public LoadRun Load(Proxy proxy, string path, string? header, bool isTls = false)
    {
        string[] words = ["-c", "1", "/usr/bin/wrk", "-t", "1", "-c", "64", "-d", "3s", "--latency", "-H", "Host: bench.test", .. header is null ? [] : (string[])["-H", header], isTls ? $"https://127.0.0.1:{proxy.TlsPort}{path}" : $"http://127.0.0.1:{proxy.Port}{path}"];
        var result = _space.Run(() => Spawn.Run("/usr/bin/taskset", words, ["PATH=/usr/bin"], []));
        return result.ExitCode == 0 ? LoadRun.Parse(result.Output) : throw new InvalidOperationException($"wrk: {result.Output}");
    }

    /// <summary>The folder of its files.</summary>
    public string Folder => _folder;

    /// <summary>Another proxy to the same upstream, on the first core.</summary>
    public Proxy StartPeer(string name, int port, string program, params string[] words)
    {
        var proxy = new Proxy(name, port, 0, Start("0", program, words));
        Await(proxy);
        return proxy;
    }

    /// <summary>Requests at a fixed rate for some seconds; the log of how long each took.</summary>
    public string LoadAt(Proxy proxy, int rate)
    {
        const int Clients = 32;
        var log = $"{_folder}/h2load.log";
        File.Delete(log);
        string[] words = ["-c", "1", "/usr/bin/h2load", "--h1", "-t", "1", "-c", $"{Clients}", "-D", "4", "--warm-up-time", "1", $"--rps={rate / Clients}", "-H", "Host: bench.test", $"--log-file={log}", $"http://127.0.0.1:{proxy.Port}/small"];
        var result = _space.Run(() => Spawn.Run("/usr/bin/taskset", words, ["PATH=/usr/bin"], []));
        return result.ExitCode == 0 ? log : throw new InvalidOperationException($"h2load: {result.Output}");
    }

    /// <summary>The same by HTTP/2 over TLS, ten requests at once on each of 8 connections.</summary>
    public LoadRun LoadHttp2(Proxy proxy, string path)
    {
        string[] words = ["-c", "1", "/usr/bin/h2load", "-t", "1", "-c", "8", "-m", "10", "-D", "3", "-H", ":authority: bench.test", $"https://127.0.0.1:{proxy.TlsPort}{path}"];
        var result = _space.Run(() => Spawn.Run("/usr/bin/taskset", words, ["PATH=/usr/bin"], []));
        return result.ExitCode == 0 && result.Output.Contains("Application protocol: h2\n", StringComparison.Ordinal)
            ? LoadRun.ParseHttp2(result.Output)
            : throw new InvalidOperationException($"h2load: {result.Output}");
    }

    /// <summary>Connections that have had one answer and are left open.</summary>
    public IDisposable Idle(Proxy proxy, int count, bool isTls = false)
    {
        var clients = new IdleClients();
        _space.Run(() =>
        {
            for (var number = 0; number < count; number++)
            {
                clients.Add(isTls ? AskByTls(proxy) : Ask(proxy, out _));
            }

            return 0;
        });
        return clients;
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
        NetworkNamespace.Remove(Space);
        Directory.Delete(_folder, recursive: true);
    }

    private (Proxy Kn, Proxy Nginx) StartAll(string binaries)
    {
        Call("ip", "link", "set", "lo", "up");
        WriteFiles();
        Start("1", "/usr/sbin/nginx", "-c", $"{_folder}/upstream.conf", "-p", _folder);
        var nginx = new Proxy("nginx", NginxPort, NginxTlsPort, Start("0", "/usr/sbin/nginx", "-c", $"{_folder}/proxy.conf", "-p", _folder));
        var kn = new Proxy("kn", KnPort, KnTlsPort, Start("0", Path.Combine(binaries, "kn"), "agent", "--config", $"{_folder}/kn.yaml"));
        Await(nginx);
        Await(kn);
        return (kn, nginx);
    }

    private static Socket Ask(Proxy proxy, out string answer)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.ReceiveTimeout = (int)s_deadline.TotalMilliseconds;
        socket.Connect(new IPEndPoint(IPAddress.Loopback, proxy.Port));
        socket.Send("GET /small HTTP/1.1\r\nHost: bench.test\r\n\r\n"u8);
        var buffer = new byte[4096];
        answer = System.Text.Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        return socket;
    }

    private static SslStream AskByTls(Proxy proxy)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(new IPEndPoint(IPAddress.Loopback, proxy.TlsPort));
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        stream.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = "bench.test", RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null });
        stream.Write("GET /small HTTP/1.1\r\nHost: bench.test\r\n\r\n"u8);
        _ = stream.Read(new byte[4096]);
        return stream;
    }

    private void Await(Proxy proxy)
    {
        var waited = Stopwatch.StartNew();
        var problem = "";
        while (waited.Elapsed < s_deadline)
        {
            try
            {
                problem = _space.Run(() =>
                {
                    using var socket = Ask(proxy, out var answer);
                    return answer;
                });
                if (problem.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
                {
                    return;
                }
            }
            catch (SocketException exception)
            {
                problem = exception.Message;
            }

            Thread.Sleep(50);
        }

        throw new InvalidOperationException($"{proxy.Name} does not answer: {problem}");
    }

    private int Start(string core, string program, params string[] words)
    {
        var start = new ProcessStartInfo("/usr/sbin/ip", ["netns", "exec", Space, "taskset", "-c", core, program, .. words]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        _processes.Add(process);
        return process.Id;
    }

    private static void Call(params string[] words)
    {
        var result = Spawn.Run("/usr/sbin/ip", ["netns", "exec", Space, .. words], ["PATH=/usr/sbin:/usr/bin"], []);
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', words)}: {result.Output}");
        }
    }

    private void WriteFiles()
    {
        Directory.CreateDirectory($"{_folder}/www");
        File.WriteAllText($"{_folder}/www/small", new string('x', 100));
        File.WriteAllText($"{_folder}/www/large", new string('x', 64 << 10));
        WriteCertificate();
        const string Common = "daemon off; user root; worker_processes 1; events { worker_connections 4096; }\n";
        var logs = $"error_log {_folder}/error.log; ";
        var http = $"access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; client_body_temp_path {_folder}/t1; proxy_temp_path {_folder}/t2; fastcgi_temp_path {_folder}/t3; uwsgi_temp_path {_folder}/t4; scgi_temp_path {_folder}/t5;";
        File.WriteAllText($"{_folder}/upstream.conf", $"{Common}{logs} pid {_folder}/upstream.pid;\nhttp {{ {http} open_file_cache max=10; server {{ listen 127.0.0.1:{UpstreamPort} backlog=4096; root {_folder}/www; }} }}\n");
        File.WriteAllText($"{_folder}/proxy.conf", $$"""
            {{Common}}{{logs}} pid {{_folder}}/proxy.pid;
            http { {{http}}
              upstream web { server 127.0.0.1:{{UpstreamPort}}; keepalive 128; keepalive_requests 100000000; }
              server { listen 127.0.0.1:{{NginxPort}} backlog=4096; listen 127.0.0.1:{{NginxTlsPort}} ssl http2 backlog=4096; server_name bench.test;
                ssl_certificate {{_folder}}/tls.crt; ssl_certificate_key {{_folder}}/tls.key; ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {{TlsServerSettings.StrongCiphers}};
                location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
                  proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $http_host;
                  proxy_set_header X-Forwarded-Port $server_port; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Request-ID $request_id; } } }
            """);
        File.WriteAllText($"{_folder}/kn.yaml", $$"""
            node: bench
            kubeconfig: {{_folder}}/kubeconfig
            listen: {http: none}
            paths: {state: {{_folder}}/state, run: {{_folder}}/run, cniConfig: {{_folder}}/cni, cniPlugins: {{_folder}}/bin}
            routes: {enabled: false}
            serviceProxy: {enabled: false}
            dns: {enabled: false}
            policy: {enabled: false}
            cni: {enabled: false}
            ingress: {enabled: true, addresses: [127.0.0.1], httpPort: {{KnPort}}, httpsPort: {{KnTlsPort}}, threads: 1, tls: {certificateFile: {{_folder}}/tls.crt, keyFile: {{_folder}}/tls.key} }
            """);
        File.WriteAllText($"{_folder}/kubeconfig", $$"""
            apiVersion: v1
            kind: Config
            clusters: [{name: c, cluster: {server: "{{Server}}"} }]
            users: [{name: u, user: {token: none} }]
            contexts: [{name: x, context: {cluster: c, user: u} }]
            current-context: x
            """);
        Directory.CreateDirectory($"{_folder}/state");
        SnapshotFile.Save($"{_folder}/state/cluster.snapshot", Server, Cluster(), [ResourceKinds.Ingresses, ResourceKinds.IngressClasses, ResourceKinds.Services, ResourceKinds.EndpointSlices, ResourceKinds.Nodes, ResourceKinds.Secrets]);
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = DateTimeOffset.UtcNow;
        using var certificate = new CertificateRequest("CN=bench.test", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText($"{_folder}/tls.crt", certificate.ExportCertificatePem());
        File.WriteAllText($"{_folder}/tls.key", key.ExportPkcs8PrivateKeyPem());
    }

    private static ClusterSnapshot Cluster()
    {
        var web = new ObjectMeta { Name = "web", Namespace = "default" };
        return ClusterSnapshot.Of(
            new IngressClass { Metadata = new ObjectMeta { Name = "kn" }, Controller = "kn.internal/ingress" },
            new Kubernetes.Objects.Ingress { Metadata = web, ClassName = "kn", Rules = [new("bench.test", [new("/", IngressPathType.Prefix, new IngressBackend("web", 80))])] },
            new Service { Metadata = web, Ports = [new ServicePort("", IpProtocol.Tcp, 80, 0)] },
            new EndpointSlice
            {
                Metadata = web with { Labels = ValueMap.Of(("kubernetes.io/service-name", "web")) },
                ServiceName = "web",
                Family = IpFamily.V4,
                Ports = [new EndpointPort("", IpProtocol.Tcp, UpstreamPort)],
                Endpoints = [new Endpoint { Address = IpAddress.Parse("127.0.0.1") }],
            });
    }

    private sealed class IdleClients : IDisposable
    {
        private readonly List<IDisposable> _clients = [];

        public void Add(IDisposable client) => _clients.Add(client);

        public void Dispose() => _clients.ForEach(static client => client.Dispose());
    }
}

/// <summary>A proxy under load.</summary>
internal sealed record Proxy(string Name, int Port, int TlsPort, int Process)
{
    /// <summary>CPU seconds of its processes so far: user and system, of all threads.</summary>
    public double CpuSeconds() => new DnsServer(Name, default, null!, Process).CpuSeconds();
}

/// <summary>What wrk says of a run.</summary>
internal readonly record struct LoadRun(double Requests, double Rate, double Failed, double SlowestPercentMicroseconds)
{
    public static LoadRun Parse(string output)
    {
        double requests = 0, rate = 0, failed = 0, slow = 0;
        foreach (var line in output.Split('\n', StringSplitOptions.TrimEntries))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line.Contains(" requests in ", StringComparison.Ordinal))
            {
                requests = Number(words[0]);
            }
            else if (line.StartsWith("Requests/sec:", StringComparison.Ordinal))
            {
                rate = Number(words[1]);
            }
            else if (line.StartsWith("99%", StringComparison.Ordinal))
            {
                slow = Number(words[1].TrimEnd('u', 'm', 's')) * (words[1].EndsWith("us", StringComparison.Ordinal) ? 1 : words[1].EndsWith("ms", StringComparison.Ordinal) ? 1000 : 1_000_000);
            }
            else if (line.StartsWith("Non-2xx", StringComparison.Ordinal) || line.StartsWith("Socket errors", StringComparison.Ordinal))
            {
                failed += words.Sum(static word => double.TryParse(word.TrimEnd(','), CultureInfo.InvariantCulture, out var count) ? count : 0);
            }
        }

        return new LoadRun(requests, rate, failed, slow);
    }

    public static LoadRun ParseHttp2(string output)
    {
        double requests = 0, rate = 0, failed = 0;
        foreach (var line in output.Split('\n', StringSplitOptions.TrimEntries))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line.StartsWith("requests:", StringComparison.Ordinal))
            {
                // requests: 10 total, 10 started, 10 done, 10 succeeded, 0 failed, 0 errored, 0 timeout
                requests = Number(words[7]);
                failed = Number(words[9]) + Number(words[11]) + Number(words[13]);
            }
            else if (line.StartsWith("finished in", StringComparison.Ordinal))
            {
                rate = Number(words[3]);
            }
        }

        return new LoadRun(requests, rate, failed, 0);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
