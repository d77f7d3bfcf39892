using Kn.Dns.Listening;
using Kn.Dns.Serving;
using Kn.Dns.Zone;
using Kn.Hosting.Modules;
using Microsoft.Extensions.Logging;

namespace Kn.Dns;

/// <summary>What a run of the module is made of; no I/O.</summary>
internal sealed class DnsParts
{
    /// <summary>Makes and joins the parts.</summary>
    public DnsParts(DnsOptions options, ModuleContext context, IForwarder forwarder, ClientRules clients, ILogger logger)
    {
        Clients = clients;
        Hosts = new StaticHosts(options.Hosts);
        var settings = new ZoneSettings(options.Domain)
        {
            Ttl = (uint)options.Ttl.TotalSeconds,
            NegativeTtl = (uint)options.NegativeTtl.TotalSeconds,
            Pods = options.Pods,
        };
        Responder = new ZoneResponder(settings, Records, NameServers);
        var limits = new ConnectionLimits(options.Tcp.MaxConnections, options.Tcp.MaxConnectionsPerClient);
        var late = new LateCounters();
        var state = new ServingState(options.RateLimit, seed: 1);
        Metrics = new DnsMetrics(context.Metrics, state.Counters, late, Records, limits);
        Handler = new QueryHandler(Responder, Hosts, forwarder, Clients, new QueryLog(logger, options.LogEvery, context.Time, Metrics.Seconds, late), options.Autopath ? new Autopath(settings, Records) : null);
        Audience = new ListenAudience(NameServers, Clients, context.Status, logger);
        Tcp = new TcpContext
        {
            Handler = Handler,
            State = state,
            Seconds = Metrics.Seconds,
            Limits = limits,
            Options = options.Tcp,
            Time = context.Time,
            Logger = logger,
        };
    }

    /// <summary>The zone's records.</summary>
    public ZoneRecords Records { get; } = new();

    /// <summary>What the zone says its servers' addresses are.</summary>
    public ClusterDnsAddresses NameServers { get; } = new();

    /// <summary>Who may ask.</summary>
    public ClientRules Clients { get; }

    /// <summary>Answers from the zone.</summary>
    public ZoneResponder Responder { get; }

    /// <summary>Hosts of the config.</summary>
    public StaticHosts Hosts { get; }

    /// <summary>Answers queries.</summary>
    public QueryHandler Handler { get; }

    /// <summary>What TCP connections share.</summary>
    public TcpContext Tcp { get; }

    /// <summary>The metrics.</summary>
    public DnsMetrics Metrics { get; }

    /// <summary>Who wants to know where DNS is served.</summary>
    public ListenAudience Audience { get; }
}
