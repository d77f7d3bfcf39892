using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Wire;
using Kn.Hosting.Metrics;

namespace Kn.Dns.Forwarding;

/// <summary>What forwarding and the cache count, with the meanings of CoreDNS' forward and cache plugins.</summary>
internal sealed class ForwardMetrics(MetricRegistry registry)
{
    private const string HitsHelp = "Answers given from the cache, by what they said.";
    private const string IgnoredHelp = "Messages from upstreams that were not used, by what was wrong with them.";

    private readonly Counter[] _ignored =
    [
        .. Enum.GetValues<AnswerFault>().Select(fault => registry.Counter("kn_dns_forward_ignored_answers_total", IgnoredHelp, ("reason", NameOf(fault)))),
    ];

    /// <summary>Answers with records from the cache.</summary>
    public Counter SuccessHits { get; } = registry.Counter("kn_dns_cache_hits_total", HitsHelp, ("type", "success"));

    /// <summary>Answers "no such name or type" from the cache.</summary>
    public Counter DenialHits { get; } = registry.Counter("kn_dns_cache_hits_total", HitsHelp, ("type", "denial"));

    /// <summary>Remembered failures from the cache.</summary>
    public Counter FailureHits { get; } = registry.Counter("kn_dns_cache_hits_total", HitsHelp, ("type", "failure"));

    /// <summary>Queries that the cache had no valid answer for.</summary>
    public Counter Misses { get; } = registry.Counter("kn_dns_cache_misses_total", "Queries that the cache had no valid answer for.");

    /// <summary>Names fetched anew before their answer ended.</summary>
    public Counter Prefetches { get; } = registry.Counter("kn_dns_cache_prefetch_total", "Answers fetched anew before they ended, because they were asked for often.");

    /// <summary>Answers given after their end.</summary>
    public Counter ServedStale { get; } = registry.Counter("kn_dns_cache_served_stale_total", "Answers given after their end, because upstreams gave no new one.");

    /// <summary>Different questions under way.</summary>
    public Gauge Waiting { get; } = registry.Gauge("kn_dns_forward_waiting", "Different questions that wait for an upstream.");

    /// <summary>Queries refused because too many waited.</summary>
    public Counter ConcurrencyRejects { get; } = registry.Counter(
        "kn_dns_forward_max_concurrent_rejects_total", "Queries answered with SERVFAIL at once because too many waited for upstreams.");

    /// <summary>Questions asked although every upstream was down.</summary>
    public Counter HealthCheckBroken { get; } = registry.Counter(
        "kn_dns_forward_healthcheck_broken_total", "Questions for which all upstreams were down, so that they were asked all the same.");

    /// <summary>Queries of clients that got the answer to another client's question.</summary>
    public Counter Shared { get; } = registry.Counter("kn_dns_forward_shared_total", "Queries that waited for a question that another client had caused.");

    /// <summary>Counts a message that was not used.</summary>
    public void Ignored(AnswerFault fault) => _ignored[(int)fault].Increment();

    /// <summary>The count of such messages.</summary>
    public long IgnoredSoFar(AnswerFault fault) => _ignored[(int)fault].Value;

    /// <summary>Counts an answer from the cache.</summary>
    public void Hit(AnswerKind kind) => (kind switch
    {
        AnswerKind.Positive => SuccessHits,
        AnswerKind.Failure => FailureHits,
        _ => DenialHits,
    }).Increment();

    /// <summary>Says how full a cache is, whenever metrics are read.</summary>
    public void Watch(AnswerCache cache)
    {
        registry.GaugeCallback("kn_dns_cache_entries", "Answers in the cache, ended ones included.", () => cache.Count);
        registry.GaugeCallback("kn_dns_cache_bytes", "Memory that the answers in the cache take.", () => cache.Bytes);
        registry.CounterCallback("kn_dns_cache_evictions_total", "Answers that had to go for others.", () => cache.Evictions);
        CoreDnsNames.Cache(registry, this);
        CoreDnsNames.CacheSize(registry, () => cache.Count, () => cache.Evictions);
    }

    /// <summary>Those of one upstream.</summary>
    public UpstreamMetrics Of(string upstream) => new(registry, upstream);

    private static string NameOf(AnswerFault fault) => fault switch
    {
        AnswerFault.WrongId => "id",
        AnswerFault.WrongQuestion => "question",
        AnswerFault.WrongCase => "case",
        AnswerFault.Malformed => "malformed",
        AnswerFault.Truncated => "truncated",
        _ => "none",
    };
}

/// <summary>What is counted of one upstream.</summary>
internal sealed class UpstreamMetrics
{
    private const string ResponsesHelp = "Answers of an upstream by rcode.";

    /// <summary>By number; what comes behind the last is "other".</summary>
    private static readonly string[] Rcodes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "other"];

    private readonly Counter[] _responses;
    private readonly Histogram _duration;

    internal UpstreamMetrics(MetricRegistry registry, string upstream)
    {
        Requests = registry.Counter("kn_dns_forward_requests_total", "Questions sent to an upstream.", ("to", upstream));
        HealthCheckFailures = registry.Counter("kn_dns_forward_healthcheck_failures_total", "Probes of an upstream that failed.", ("to", upstream));
        _duration = registry.Histogram("kn_dns_forward_request_duration_seconds", "Time from a question to an upstream's answer.", Histogram.Seconds, ("to", upstream));
        _responses = [.. Rcodes.Select(rcode => registry.Counter("kn_dns_forward_responses_total", ResponsesHelp, ("rcode", rcode), ("to", upstream)))];
        CoreDnsNames.Upstream(registry, upstream, () => Requests.Value, () => HealthCheckFailures.Value, _duration);
        for (var code = 0; code < Rcodes.Length; code++)
        {
            var responses = _responses[code];
            CoreDnsNames.UpstreamResponses(registry, upstream, Rcodes[code], () => responses.Value);
        }
    }

    /// <summary>Questions sent.</summary>
    public Counter Requests { get; }

    /// <summary>Probes without an answer.</summary>
    public Counter HealthCheckFailures { get; }

    /// <summary>Counts an answer.</summary>
    public void Answered(DnsRcode rcode, TimeSpan took)
    {
        _responses[Math.Min((int)rcode, _responses.Length - 1)].Increment();
        _duration.Observe(took);
    }
}
