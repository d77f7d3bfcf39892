using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Hosting.Metrics;
using Kn.Primitives;

namespace Kn.Cni;

/// <summary>The module's metrics, <c>kn_cni_*</c>.</summary>
internal sealed class CniMetrics
{
    private readonly Dictionary<(CniCommand Command, bool Succeeded), Counter> _calls = [];
    private readonly Dictionary<CniCommand, Histogram> _durations = [];

    public CniMetrics(MetricRegistry registry, AddressAllocator allocator, Func<int> countResting)
    {
        foreach (var command in Enum.GetValues<CniCommand>())
        {
            var name = command.ToString().ToUpperInvariant();
            _calls[(command, true)] = Calls("ok");
            _calls[(command, false)] = Calls("error");
            _durations[command] = registry.Histogram("kn_cni_call_seconds", "Time the agent takes for a CNI call.", Histogram.Seconds, ("command", name));

            Counter Calls(string result) => registry.Counter("kn_cni_calls_total", "CNI calls by command and result.", ("command", name), ("result", result));
        }

        foreach (var family in Enum.GetValues<IpFamily>())
        {
            var label = ("family", family == IpFamily.V6 ? "ipv6" : "ipv4");
            registry.GaugeCallback("kn_cni_addresses_used", "Pod addresses in use.", () => Sum(allocator, family, static usage => usage.Taken), label);
            registry.GaugeCallback("kn_cni_addresses_free", "Pod addresses left in the node's podCIDRs.", () => Sum(allocator, family, static usage => usage.Free), label);
            registry.GaugeCallback("kn_cni_addresses_cooling", "Of the addresses left, those that were in use a moment ago.", () => Sum(allocator, family, static usage => usage.Cooling), label);
            registry.CounterCallback("kn_cni_addresses_early_total", "Addresses given out before they had cooled down, because no other was left.", () => Sum(allocator, family, static usage => usage.TakenEarly), label);
        }

        Exhausted = registry.Counter("kn_cni_addresses_exhausted_total", "ADDs refused because no address was left.");
        Collected = registry.Counter("kn_cni_collected_total", "Attachments whose pod was gone and whose DEL never came, taken back by the agent.");
        registry.GaugeCallback("kn_cni_links_unlinked", "Links of removed pods that the kernel still has to remove.", () => countResting());
    }

    /// <summary>ADDs refused because no address was left.</summary>
    public Counter Exhausted { get; }

    /// <summary>Attachments that the agent collected by itself.</summary>
    public Counter Collected { get; }

    public void Count(CniCommand command, bool succeeded, TimeSpan duration)
    {
        _calls[(command, succeeded)].Increment();
        _durations[command].Observe(duration);
    }

    private static double Sum(AddressAllocator allocator, IpFamily family, Func<PoolUsage, double> part) =>
        allocator.Usage.Where(usage => usage.Prefix.Family == family).Sum(part);
}
