using Kn.Hosting.Metrics;

namespace Kn.Hosting.Tests;

public class MetricRegistryTests
{
    [Fact]
    public void Text_IsGolden()
    {
        var registry = new MetricRegistry();
        registry.Gauge("kn_b_pieces", "Pieces \\ in\nplace.", ("target", "a\"b\\c\nd")).Set(2.5);
        registry.Counter("kn_a_total", "Counts.", ("x", "2")).Add(3);
        registry.Counter("kn_a_total", "Counts.", ("x", "1")).Increment();
        var histogram = registry.Histogram("kn_c_seconds", "Times.", [0.1, 1], ("t", "u"));
        histogram.Observe(0.1);
        histogram.Observe(0.5);
        histogram.Observe(7);
        registry.GaugeCallback("kn_d", "Asked for.", static () => double.PositiveInfinity);
        registry.Alias("other_seconds", "The same.", histogram, ("v", "w"));
        Assert.Equal(
            """
            # HELP kn_a_total Counts.
            # TYPE kn_a_total counter
            kn_a_total{x="1"} 1
            kn_a_total{x="2"} 3
            # HELP kn_b_pieces Pieces \\ in\nplace.
            # TYPE kn_b_pieces gauge
            kn_b_pieces{target="a\"b\\c\nd"} 2.5
            # HELP kn_c_seconds Times.
            # TYPE kn_c_seconds histogram
            kn_c_seconds_bucket{t="u",le="0.1"} 1
            kn_c_seconds_bucket{t="u",le="1"} 2
            kn_c_seconds_bucket{t="u",le="+Inf"} 3
            kn_c_seconds_sum{t="u"} 7.6
            kn_c_seconds_count{t="u"} 3
            # HELP kn_d Asked for.
            # TYPE kn_d gauge
            kn_d +Inf
            # HELP other_seconds The same.
            # TYPE other_seconds histogram
            other_seconds_bucket{v="w",le="0.1"} 1
            other_seconds_bucket{v="w",le="1"} 2
            other_seconds_bucket{v="w",le="+Inf"} 3
            other_seconds_sum{v="w"} 7.6
            other_seconds_count{v="w"} 3

            """,
            registry.ToPrometheusText());
    }

    [Fact]
    public void Counting_AllocatesNothing()
    {
        var registry = new MetricRegistry();
        var counter = registry.Counter("kn_a_total", "Counts.");
        var gauge = registry.Gauge("kn_b", "Is.");
        var histogram = registry.Histogram("kn_c_seconds", "Times.", Histogram.Seconds);
        counter.Increment();
        gauge.Add(1);
        histogram.Observe(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 1000; round++)
        {
            counter.Increment();
            gauge.Add(1);
            histogram.Observe(0.001);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void SameNameAndLabels_IsTheSameMetric_AnotherTypeIsRefused()
    {
        var registry = new MetricRegistry();
        Assert.Same(registry.Counter("kn_a_total", "Counts."), registry.Counter("kn_a_total", "Counts."));
        Assert.Throws<ArgumentException>(() => registry.Gauge("kn_a_total", "Is."));
        Assert.Throws<ArgumentException>(() => registry.Gauge("kn-a", "Is."));
        Assert.Throws<ArgumentOutOfRangeException>(() => registry.Counter("kn_a_total", "Counts.").Add(-1));
    }
}
