using Kn.Primitives;

namespace Kn.Bgp.Attributes;

/// <summary>Who made one prefix of several, RFC 4271 §5.1.7.</summary>
/// <param name="Asn">Its AS.</param>
/// <param name="RouterId">Its identifier.</param>
public readonly record struct Aggregator(uint Asn, uint RouterId)
{
    /// <summary>'64512 10.0.0.1'.</summary>
    public override string ToString() => $"{Asn} {IpAddress.FromV4(RouterId)}";
}
