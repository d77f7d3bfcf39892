using Kn.Primitives;

namespace Kn.Hosting.Services;

/// <summary>Which Services' load-balancer addresses are announced by BGP: the module LoadBalancer says it, the module Routes asks. Thread-safe.</summary>
/// <remarks>Where no module gives out addresses, somebody else does, and none is left out.</remarks>
public sealed class AddressAnnouncement
{
    private Ranges? _ranges;

    /// <summary>Says which addresses are announced by BGP, before modules run.</summary>
    /// <param name="byBgp">Ranges whose addresses are.</param>
    public void Set(ValueList<IpRange> byBgp) => Volatile.Write(ref _ranges, new Ranges(byBgp));

    /// <summary>Whether BGP is to advertise a load-balancer address that a Service's status has.</summary>
    public bool IsByBgp(IpAddress address) => Volatile.Read(ref _ranges) is not { } ranges || ranges.ByBgp.Any(range => range.Contains(address));

    private sealed record Ranges(ValueList<IpRange> ByBgp);
}
