using Kn.Dns.Serving;
using Kn.Dns.Zone;
using Kn.Hosting.Metrics;

namespace Kn.Dns;

/// <summary>The module's metrics, <c>kn_dns_*</c>, with the meaning of CoreDNS' of the same name, and those too
/// (<see cref="CoreDnsNames"/>). Threads count for themselves; the sum is
/// made when it is read.</summary>
internal sealed class DnsMetrics
{
    private readonly List<ServingCounters> _udp = [];
    private readonly ServingCounters _tcp;
    private readonly LateCounters _late;

    /// <summary>Registers the metrics.</summary>
    public DnsMetrics(MetricRegistry registry, ServingCounters tcp, LateCounters late, ZoneRecords zone, ConnectionLimits connections)
    {
        _tcp = tcp;
        _late = late;
        Seconds = registry.Histogram("kn_dns_request_duration_seconds", "Time from a query's arrival to its answer.", Histogram.Seconds);
        for (var index = 0; index < QueryTypes.Count; index++)
        {
            var type = index;
            RegisterRequests(registry, "udp", QueryTypes.Names[index], () => Sum(counters => counters.Queries(type)));
            RegisterRequests(registry, "tcp", QueryTypes.Names[index], () => _tcp.Queries(type));
        }

        for (var index = 0; index < ResponseCodes.Count; index++)
        {
            var rcode = index;
            double Read() => Sum(counters => counters.Responses(rcode)) + _tcp.Responses(rcode) + _late.Responses(rcode);
            registry.CounterCallback("kn_dns_responses_total", "Responses by code.", Read, ("rcode", ResponseCodes.Names[index]));
            CoreDnsNames.Responses(registry, ResponseCodes.Names[index], Read);
        }

        Register(registry, "kn_dns_answered_total", "Queries by what answered them.", "source", ("cluster", ServingEvent.Cluster), ("hosts", ServingEvent.Host), ("cache", ServingEvent.Cached), ("upstream", ServingEvent.Forwarded));
        Register(registry, "kn_dns_rejected_total", "Queries that were not answered as asked, by reason.", "reason", ("malformed", ServingEvent.Malformed), ("notAQuery", ServingEvent.Silent), ("stranger", ServingEvent.Stranger), ("rateLimit", ServingEvent.Limited));
        registry.CounterCallback("kn_dns_truncated_total", "Answers that did not fit and were cut.", () => Total(ServingEvent.Truncated));
        registry.CounterCallback("kn_dns_unsent_total", "Answers that the kernel did not take.", () => Total(ServingEvent.NotSent));
        registry.CounterCallback("kn_dns_panics_total", "Queries that made Kn stumble.", () => Total(ServingEvent.Fault));
        CoreDnsNames.Serving(registry, Seconds, () => Total(ServingEvent.Fault));
        Programming = CoreDnsNames.Programming(registry);
        registry.GaugeCallback("kn_dns_zone_names", "Objects with names in the cluster zone.", () => zone.NameCount);
        registry.GaugeCallback("kn_dns_zone_addresses", "Addresses that have names in the cluster zone.", () => zone.AddressCount);
        registry.GaugeCallback("kn_dns_tcp_connections", "TCP connections of clients.", () => connections.Count);
        registry.CounterCallback("kn_dns_tcp_refused_total", "TCP connections that were closed because there were too many.", () => connections.Refused);
    }

    /// <summary>How long answers took.</summary>
    public Histogram Seconds { get; }

    /// <summary>How long it took from a change of endpoints until their names followed.</summary>
    public Histogram Programming { get; }

    /// <summary>Takes a thread's counters into the sums. They stay there when the thread has ended: counters do not fall.</summary>
    public void Add(ServingCounters counters)
    {
        lock (_udp)
        {
            _udp.Add(counters);
        }
    }

    private static void RegisterRequests(MetricRegistry registry, string transport, string type, Func<double> read)
    {
        registry.CounterCallback("kn_dns_requests_total", "Queries by type and transport.", read, ("proto", transport), ("type", type));
        CoreDnsNames.Requests(registry, transport, type, read);
    }

    private void Register(MetricRegistry registry, string name, string help, string label, params ReadOnlySpan<(string Value, ServingEvent What)> events)
    {
        foreach (var (value, what) in events)
        {
            registry.CounterCallback(name, help, () => Total(what), (label, value));
        }
    }

    private long Total(ServingEvent what) => Sum(counters => counters.Events(what)) + _tcp.Events(what);

    private long Sum(Func<ServingCounters, long> read)
    {
        lock (_udp)
        {
            return _udp.Sum(read);
        }
    }
}
