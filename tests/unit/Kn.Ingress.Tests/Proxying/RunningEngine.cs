using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Ingress.Planning;
using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;
using Kn.Ingress.Tls;
using Kn.Kubernetes.Objects;
using Kn.Linux.Streams;
using Kn.Linux.Tls;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Ingress.Tests.Proxying;

/// <summary>An engine of one thread on 127.0.0.1; host a.org leads to the endpoints, h2.org to the same by HTTP/2.</summary>
internal sealed class RunningEngine : IAsyncDisposable
{
    private readonly LiveRoutes _routes = new();
    private static readonly AsyncLocal<UpstreamTls?> s_backend = new();
    private readonly TlsFront _tls;

    public RunningEngine(ProxySettings? settings, params IEnumerable<ushort> ports)
        : this(settings, new TlsServerSettings { Protocols = TlsParts.Protocols }, null, false, ports)
    {
    }

    public RunningEngine(ProxySettings? settings, TlsServerSettings tls, TicketKeys? tickets, bool redirects, params IEnumerable<ushort> ports)
    {
        _tls = new TlsFront(tls, Certificates, tickets, NullLogger.Instance);
        var listener = StreamListener.Listen(IpAddress.Loopback(IpFamily.V4), 0, 128);
        Port = listener.Port;
        var secure = StreamListener.Listen(IpAddress.Loopback(IpFamily.V4), 0, 128);
        TlsPort = secure.Port;
        SetEndpoints(ports);
        var service = new ObjectKey("ns", "web");
        _routes.Apply([new(RouteKey.Of("a.org"), null, new HostPiece([new RouteRule("", PathMatch.Prefix, new BackendRef(service, 80, "") { Tls = Backend }, "Ingress ns/i") { TlsRedirect = redirects }], null))]);
        _routes.Apply([new(
            RouteKey.Of("h2.org"), null, new HostPiece([new RouteRule("", PathMatch.Prefix, new BackendRef(service, 80, "") { Protocol = BackendProtocol.Http2, Tls = Backend }, "Ingress ns/i")], null))]);
        Engine = new ProxyEngine(1, settings ?? new ProxySettings(), new ProxySurroundings(_routes, TimeProvider.System, NullLogger.Instance) { Tls = _tls });
        Engine.Listen([listener]);
        Engine.Listen([secure], isTls: true);
        Engine.Start();
    }

    public ushort Port { get; }

    /// <summary>How backends are spoken to by engines that are made from now on in this test.</summary>
    public static UpstreamTls? Backend
    {
        get => s_backend.Value;
        set => s_backend.Value = value;
    }

    public ushort TlsPort { get; }

    public LiveCertificates Certificates { get; } = new();

    public TlsFront Tls => _tls;

    public ProxyEngine Engine { get; }

    /// <summary>Waits until the engine, which counts an answer when it has sent it, says so.</summary>
    public async Task UntilAsync(Func<ProxyEngine, bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition(Engine))
        {
            Assert.False(deadline.IsCancellationRequested, what);
            await Task.Delay(5);
        }
    }

    /// <summary>What is done with the requests of a.org, whose only rule this becomes.</summary>
    public void SetRule(RouteSettings settings, string path = "", PathMatch match = PathMatch.Prefix, CanaryRule? canary = null) => _routes.Apply(
        [new(RouteKey.Of("a.org"), _routes.PieceOf("a.org"), new HostPiece([new RouteRule(path, match, new BackendRef(new ObjectKey("ns", "web"), 80, ""), "Ingress ns/i") { Settings = settings, Canary = canary }], null))]);

    /// <summary>Endpoints of another Service of the namespace, and a host of the same name that leads to it.</summary>
    public void SetOther(string name, params IEnumerable<ushort> ports) => _routes.Apply(
    [
        new(RouteKey.Of(new ObjectKey("ns", name)), null, new ServicePiece([new PortPiece(80, "", ports.Select(static port => new EndpointAddress(IpAddress.Loopback(IpFamily.V4), port)).ToValueList())])),
        new(RouteKey.Of(name), null, new HostPiece([new RouteRule("", PathMatch.Prefix, new BackendRef(new ObjectKey("ns", name), 80, ""), "Ingress ns/o")], null)),
    ]);

    public void SetEndpoints(params IEnumerable<ushort> ports) => _routes.Apply([new(
        RouteKey.Of(new ObjectKey("ns", "web")), null, new ServicePiece([new PortPiece(80, "", ports.Select(static port => new EndpointAddress(IpAddress.Loopback(IpFamily.V4), port)).ToValueList())]))]);

    public RawClient Connect() => new(Port);

    /// <summary>One request on a connection of its own: everything that comes back.</summary>
    public async Task<string> AskAsync(string request)
    {
        using var client = Connect();
        await client.SendAsync(request);
        return await client.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _tls.Dispose();
        Assert.Equal(0, Engine.Sum(static counters => counters.Faults));
        Assert.Equal(0, Engine.Open);
    }
}

/// <summary>A client that sends what it is told to.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly TcpClient _client = new();
    private readonly CancellationTokenSource _deadline = new(s_patience);
    private readonly StringBuilder _early = new();
    private readonly NetworkStream _stream;

    public RawClient(ushort port)
    {
        _client.NoDelay = true;
        _client.Connect(IPAddress.Loopback, port);
        _stream = _client.GetStream();
    }

    public Socket Socket => _client.Client;

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public Task SendAsync(byte[] bytes) => _stream.WriteAsync(bytes, _deadline.Token).AsTask();

    /// <summary>Everything up to these characters, and them.</summary>
    public async Task<string> ReadUntilAsync(string end)
    {
        while (true)
        {
            var text = _early.ToString();
            var at = text.IndexOf(end, StringComparison.Ordinal);
            if (at >= 0)
            {
                _early.Remove(0, at + end.Length);
                return text[..(at + end.Length)];
            }

            var buffer = new byte[65536];
            var count = await _stream.ReadAsync(buffer, _deadline.Token);
            Assert.True(count > 0, $"the connection ended after: {text}");
            _early.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
    }

    public async Task<string> ReadToEndAsync()
    {
        var buffer = new byte[65536];
        try
        {
            for (int count; (count = await _stream.ReadAsync(buffer, _deadline.Token)) > 0;)
            {
                _early.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            _early.Append("(reset)");
        }

        var text = _early.ToString();
        _early.Clear();
        return text;
    }

    public void Dispose()
    {
        _client.Dispose();
        _deadline.Dispose();
    }
}
