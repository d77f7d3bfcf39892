using Kn.Hosting.Options;
using Kn.Ingress.Planning;
using Kn.Primitives;

namespace Kn.Ingress;

/// <summary>HTTP in, config section <c>ingress</c>.</summary>
public sealed record IngressOptions : IModuleOptions
{
    /// <summary>Addresses of the node that requests are taken on. Default none, which stands for all, of both families.</summary>
    public ValueList<IpAddress> Addresses { get; init; }

    /// <summary>The port for HTTP. Default 80, the one that names without a port lead to.</summary>
    public ushort HttpPort { get; init; } = 80;

    /// <summary>The port for HTTPS. Default 443; 0 for none: something before the node speaks TLS.</summary>
    public ushort HttpsPort { get; init; } = 443;

    /// <summary>Threads that carry requests. Default 0: one for each processor.</summary>
    public int Threads { get; init; }

    /// <summary>The class of Ingresses that name theirs by the annotation kubernetes.io/ingress.class, where there is no IngressClass of that name.
    /// Default kn.</summary>
    public string ClassName { get; init; } = "kn";

    /// <summary>Also serve Ingresses that name no class, while no IngressClass is the default. Default false: in a cluster with another
    /// controller they may be its.</summary>
    public bool IngressesWithoutClass { get; init; }

    /// <summary>Who may say, in X-Forwarded-* and Forwarded, whom a request comes from: load balancers before the node. Default none: anybody could
    /// claim to be somebody else.</summary>
    public ValueList<IpPrefix> TrustedProxies { get; init; }

    /// <summary>Load balancers that begin each connection by saying whom it is of (PROXY protocol, version 1 or 2); connections of these have to, others
    /// must not. Default none: anybody could claim to be somebody else.</summary>
    public ValueList<IpPrefix> ProxyProtocolFrom { get; init; }

    /// <summary>Also tell backends of the client by Forwarded (RFC 7239). Default false: X-Forwarded-* is what backends read.</summary>
    public bool Forwarded { get; init; }

    /// <summary>Connections of clients at once. Default 16384: each costs about a kilobyte, and two open files.</summary>
    public int MaxConnections { get; init; } = 16_384;

    /// <summary>Longest head of a request; a longer one is answered by 431. Default 32Ki: as nginx's four buffers.</summary>
    public ByteSize MaxHeadBytes { get; init; } = new(32 << 10);

    /// <summary>How many endpoints are asked for a request, where one cannot be reached. Default 3.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>How long requests under way may take at a stop. Default 10s: what is longer than that is an open stream.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>File that gets a line of JSON for each request; it can be moved away at any time. Default none: on a busy node it is the largest of
    /// all files.</summary>
    public string AccessLog { get; init; } = "";

    /// <summary>Form of that file's lines: json, or combined as Apache and nginx write it. Default json.</summary>
    public AccessLogFormat AccessLogFormat { get; init; } = AccessLogFormat.Json;

    /// <summary>Read Secrets of every type, for names and passwords (auth-secret). Default false: every node would hold all of the cluster's.</summary>
    public bool OpaqueSecrets { get; init; }

    /// <summary>The Service that gets what no Ingress has a rule for, as NAMESPACE/NAME:PORT. Default none: 404.</summary>
    public string DefaultBackend { get; init; } = "";

    /// <summary>Hosts, and Services, that metrics tell of each by itself. Default 100 of both; the rest is counted together.</summary>
    public int MetricHosts { get; init; } = 100;

    /// <summary>Section <c>publish</c>.</summary>
    public PublishOptions Publish { get; init; } = new();

    /// <summary>Section <c>tls</c>.</summary>
    public IngressTlsOptions Tls { get; init; } = new();

    /// <summary>Section <c>timeouts</c>.</summary>
    public IngressTimeouts Timeouts { get; init; } = new();

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
        errors.Require(HttpPort > 0, nameof(HttpPort), "must be from 1 to 65535");
        errors.Require(HttpsPort != HttpPort, nameof(HttpsPort), "must not be httpPort; 0 for no HTTPS");
        errors.Require(Threads is >= 0 and <= 256, nameof(Threads), "must be from 0 to 256");
        errors.Require(ClassName.Length > 0, nameof(ClassName), "must not be empty");
        errors.Require(MaxConnections is >= 1 and <= 10_000_000, nameof(MaxConnections), "must be from 1 to 10000000");
        errors.Require(MaxHeadBytes.Bytes is >= 1 << 10 and <= 64 << 10, nameof(MaxHeadBytes), "must be from 1Ki to 64Ki");
        errors.Require(Attempts is >= 1 and <= 10, nameof(Attempts), "must be from 1 to 10");
        errors.Require(DrainTimeout >= TimeSpan.Zero && DrainTimeout <= TimeSpan.FromMinutes(10), nameof(DrainTimeout), "must be from 0s to 10m");
        errors.Require(AccessLog.Length == 0 || Path.IsPathRooted(AccessLog), nameof(AccessLog), "must be a whole path, such as /var/log/kn/access.log, or empty");
        errors.Require(DefaultBackend.Length == 0 || BackendName.TryParse(DefaultBackend, out _), nameof(DefaultBackend), "must be NAMESPACE/NAME:PORT, or empty");
        errors.Require(MetricHosts is >= 0 and <= 10_000, nameof(MetricHosts), "must be from 0 to 10000");
        Publish.Validate(errors);
        Tls.Validate(errors);
        Timeouts.Validate(errors);
    }
}

/// <summary>How long is waited, config section <c>ingress.timeouts</c>.</summary>
public sealed record IngressTimeouts
{
    /// <summary>For a client to be ready for its first request: the handshake of TLS, and a proxy's header before it. Default 10s: slow networks need
    /// three of them.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For a client to send a request's head. Default 10s: more is for who wants to tire.</summary>
    public TimeSpan Head { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For a connection's next request. Default 75s, as nginx.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>For a backend to accept a connection. Default 5s, as ingress-nginx.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>While nothing moves in a request: for a backend to go on, and for a client to go on or to take what it is sent. Default 60s, as
    /// ingress-nginx.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>While nothing moves in a WebSocket. Default 1h.</summary>
    public TimeSpan Tunnel { get; init; } = TimeSpan.FromHours(1);

    internal void Validate(OptionErrors errors)
    {
        Require(errors, Handshake, nameof(Handshake));
        Require(errors, Head, nameof(Head));
        Require(errors, Idle, nameof(Idle));
        Require(errors, Connect, nameof(Connect));
        Require(errors, Quiet, nameof(Quiet));
        Require(errors, Tunnel, nameof(Tunnel));
    }

    private static void Require(OptionErrors errors, TimeSpan time, string name) =>
        errors.Require(time >= TimeSpan.FromSeconds(1) && time <= TimeSpan.FromDays(1), $"Timeouts.{name}", "must be from 1s to 24h");
}
