using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>What an ADD wants of the addresses that it gets.</summary>
/// <param name="Wanted">These very addresses, at most one of a family; the pool chooses those of other families.</param>
/// <param name="Source">Who asks for them, to begin an error message.</param>
/// <param name="Within">Where the pool may choose, for each family that occurs in it; elsewhere it is free.</param>
public sealed record AddressRequest(ValueList<IpAddress> Wanted = default, string Source = "", ValueList<IpRange> Within = default)
{
    /// <summary>Any address will do.</summary>
    public static AddressRequest Any { get; } = new();

    /// <summary>The address asked for of a family, or null.</summary>
    public IpAddress? WantedOf(IpFamily family) => Wanted.Where(address => address.Family == family).Select(static address => (IpAddress?)address).FirstOrDefault();

    /// <summary>The ranges of a family; empty for all of the pool.</summary>
    public ValueList<IpRange> WithinOf(IpFamily family) => Within.IsEmpty ? default : Within.Where(range => range.Family == family).ToValueList();
}
