using System.Globalization;
using Kn.Dns.Forwarding;
using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Serving;
using Kn.Dns.Tests.Zone;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Hosting.Metrics;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Dns.Tests;

/// <summary>What the module counts is there under CoreDNS' names, too: dashboards ask for them.</summary>
public sealed class MetricTests
{
    private readonly MetricRegistry _registry = new();

    [Fact]
    public void Serving_IsToldUnderBothNames()
    {
        var (tcp, udp, late) = (new ServingCounters(), new ServingCounters(), new LateCounters());
        var metrics = new DnsMetrics(_registry, tcp, late, new ZoneRecords(), new ConnectionLimits(1, 1));
        metrics.Add(udp);
        udp.CountQuery(DnsType.A);
        udp.CountQuery(DnsType.A);
        tcp.CountQuery(DnsType.Srv);
        udp.CountResponse(DnsRcode.NameError);
        late.Count(DnsRcode.NameError);
        udp.Count(ServingEvent.Fault);
        metrics.Seconds.Observe(0.0002);
        var samples = Samples();
        Assert.Equal(2, samples["""kn_dns_requests_total{proto="udp",type="A"}"""]);
        Assert.Equal(2, samples["""coredns_dns_requests_total{server="dns://:53",zone=".",view="",proto="udp",type="A"}"""]);
        Assert.Equal(1, samples["""coredns_dns_requests_total{server="dns://:53",zone=".",view="",proto="tcp",type="SRV"}"""]);
        Assert.Equal(2, samples["""coredns_dns_responses_total{server="dns://:53",zone=".",view="",rcode="NXDOMAIN"}"""]);
        Assert.Equal(1, samples["""coredns_dns_request_duration_seconds_bucket{server="dns://:53",zone=".",view="",le="0.00025"}"""]);
        Assert.Equal(1, samples["coredns_panics_total"]);
    }

    [Fact]
    public void CacheAndUpstreams_AreToldUnderBothNames()
    {
        var metrics = new ForwardMetrics(_registry);
        metrics.Watch(new AnswerCache(1 << 20));
        metrics.Hit(AnswerKind.Positive);
        metrics.Hit(AnswerKind.Failure);
        metrics.Misses.Increment();
        var upstream = metrics.Of("192.0.2.53:53");
        upstream.Requests.Increment();
        upstream.HealthCheckFailures.Increment();
        upstream.Answered(DnsRcode.Refused, TimeSpan.FromMilliseconds(3));
        var samples = Samples();
        Assert.Equal(1, samples["""coredns_cache_hits_total{server="dns://:53",zones=".",view="",type="success"}"""]);
        Assert.Equal(1, samples["""coredns_cache_hits_total{server="dns://:53",zones=".",view="",type="denial"}"""]);
        Assert.Equal(3, samples["""coredns_cache_requests_total{server="dns://:53",zones=".",view=""}"""]);
        Assert.Equal(0, samples["""coredns_cache_entries{server="dns://:53",zones=".",view=""}"""]);
        Assert.Equal(1, samples["""coredns_forward_requests_total{to="192.0.2.53:53"}"""]);
        Assert.Equal(1, samples["""coredns_proxy_healthcheck_failures_total{proxy_name="forward",to="192.0.2.53:53"}"""]);
        Assert.Equal(1, samples["""coredns_proxy_request_duration_seconds_count{proxy_name="forward",to="192.0.2.53:53"}"""]);
        Assert.Equal(1, samples["""coredns_forward_responses_total{rcode="REFUSED",to="192.0.2.53:53"}"""]);
    }

    [Fact]
    public void ProgrammingTime_IsThatOfHeadlessServicesWithSelector()
    {
        const string Count = """coredns_kubernetes_dns_programming_duration_seconds_count{service_kind="headless_with_selector"}""";
        const string Sum = """coredns_kubernetes_dns_programming_duration_seconds_sum{service_kind="headless_with_selector"}""";
        var time = new SteppedTime();
        var clock = new ProgrammingClock(CoreDnsNames.Programming(_registry), time);
        var selected = Build.Headless("db") with { Selector = new Dictionary<string, string> { ["app"] = "db" }.ToValueMap() };
        var cluster = ClusterSnapshot.Of([Build.Default, selected, Build.Headless("manual"), Build.Service("web", "10.96.0.1")]);
        foreach (var service in (string[])["db", "manual", "web"])
        {
            clock.Told(cluster, new ObjectChange(null, SliceOf(service, time.GetUtcNow())));
        }

        // The one that waited longest counts; what began before the agent did does not.
        time.Now += TimeSpan.FromSeconds(2);
        clock.Told(cluster, new ObjectChange(null, SliceOf("db", time.GetUtcNow())));
        clock.Settled();
        clock.Told(cluster, new ObjectChange(null, SliceOf("db", time.GetUtcNow() - TimeSpan.FromMinutes(1))));
        clock.Settled();
        Assert.Equal((1, 2), (Samples()[Count], Samples()[Sum]));

        // Which of slice and Service comes first is chance.
        var late = Build.Headless("late") with { Selector = selected.Selector };
        clock.Told(cluster, new ObjectChange(null, SliceOf("late", time.GetUtcNow())));
        clock.Settled();
        time.Now += TimeSpan.FromSeconds(3);
        clock.Told(cluster.With(late), new ObjectChange(null, late));
        clock.Settled();
        Assert.Equal((2, 5), (Samples()[Count], Samples()[Sum]));
    }

    private static EndpointSlice SliceOf(string service, DateTimeOffset triggered) =>
        Build.Slice(service, IpFamily.V4, Build.Endpoint("10.244.0.1")) with { Triggered = new ChangeMoment(triggered) };

    private Dictionary<string, double> Samples() => _registry.ToPrometheusText().Split('\n')
        .Where(static line => line.Length > 0 && line[0] != '#')
        .ToDictionary(static line => line[..line.LastIndexOf(' ')], static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    private sealed class SteppedTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
