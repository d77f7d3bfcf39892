using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Plain.HostLocal;

/// <summary>Ranges of one family that one address of a container is taken from, with the reference plugin's defaults filled in. Pure.</summary>
/// <remarks>The order of search is that of the reference plugin host-local, so that both can serve the same network in turns: round
/// robin over all ranges from the address after the one given out last.</remarks>
public sealed class RangeSet
{
    private readonly ValueList<Range> _ranges;

    /// <summary>Checks the ranges and fills in what they leave out.</summary>
    /// <param name="ranges">At least one, all of one family.</param>
    /// <param name="path">Where they stand in the configuration, for errors.</param>
    /// <exception cref="CniException">Code 7: a subnet is too small, or two ranges overlap.</exception>
    public RangeSet(ValueList<AddressRange> ranges, string path)
    {
        _ranges = ranges.Select(range => Complete(range, path)).ToValueList();
        if (Overlap(_ranges) is var (left, right))
        {
            throw JsonMembers.Invalid(path, $"ranges that do not overlap, as {left} and {right} do");
        }
    }

    /// <summary>The family.</summary>
    public IpFamily Family => _ranges[0].Subnet.Family;

    /// <summary>The subnets.</summary>
    public IEnumerable<IpPrefix> Subnets => _ranges.Select(static range => range.Subnet);

    /// <summary>How many addresses can be given out.</summary>
    public UInt128 Size => _ranges.Aggregate(UInt128.Zero, static (sum, range) => sum + range.Size);

    /// <summary>The address with what belongs to it; null when it is in none of the ranges.</summary>
    public LocalAddress? Find(IpAddress address)
    {
        foreach (var range in _ranges)
        {
            if (range.Contains(address))
            {
                return range.At(address);
            }
        }

        return null;
    }

    /// <summary>Every address that can be given out, once, in the order of search.</summary>
    /// <param name="last">The address given out last; null when that is not known.</param>
    public IEnumerable<LocalAddress> After(IpAddress? last)
    {
        var (start, cursor) = Locate(last);
        for (var round = 0; round <= _ranges.Count; round++)
        {
            var range = _ranges[(start + round) % _ranges.Count];
            // The range that the search began in comes again at the end, up to where it began.
            var first = round == 0 ? cursor : range.First;
            var end = round == _ranges.Count ? cursor : range.Last.Add(1);
            for (var address = first; address != end; address = address.Add(1))
            {
                if (address != range.Gateway)
                {
                    yield return range.At(address);
                }
            }
        }
    }

    /// <summary>Whether two sets have an address in common.</summary>
    public bool Overlaps(RangeSet other) => Overlap(_ranges.Concat(other._ranges).ToValueList()) is not null;

    /// <summary>As the reference plugin prints it.</summary>
    public override string ToString() => string.Join(",", _ranges);

    /// <summary>Where the search begins: range, and address; the latter may be the one after the range's last.</summary>
    private (int Range, IpAddress Address) Locate(IpAddress? last)
    {
        for (var index = 0; last is { } address && index < _ranges.Count; index++)
        {
            if (_ranges[index].Contains(address))
            {
                return (index, address.Add(1));
            }
        }

        return (0, _ranges[0].First);
    }

    private static Range Complete(AddressRange range, string path)
    {
        var subnet = range.Subnet;
        var hostBits = subnet.Address.BitCount - subnet.Length;
        if (hostBits < 2)
        {
            throw JsonMembers.Invalid(path, $"a subnet with room for a gateway and a container; {subnet} is too small");
        }

        // IPv4's last address is the broadcast address.
        var last = subnet.Family == IpFamily.V4 ? IpAddress.FromNumber(IpFamily.V4, subnet.Last.Number - 1) : subnet.Last;
        return new Range(subnet, range.First ?? subnet.Address.Add(1), range.Last ?? last, range.Gateway ?? subnet.Address.Add(1));
    }

    private static (Range Left, Range Right)? Overlap(ValueList<Range> ranges)
    {
        var sorted = ranges.OrderBy(static range => range.First).ToList();
        for (var index = 1; index < sorted.Count; index++)
        {
            if (sorted[index].First <= sorted[index - 1].Last)
            {
                return (sorted[index - 1], sorted[index]);
            }
        }

        return null;
    }

    private readonly record struct Range(IpPrefix Subnet, IpAddress First, IpAddress Last, IpAddress Gateway)
    {
        public UInt128 Size => Last.Number - First.Number + 1 - (Contains(Gateway) ? UInt128.One : UInt128.Zero);

        public bool Contains(IpAddress address) => address.Family == Subnet.Family && address >= First && address <= Last;

        public LocalAddress At(IpAddress address) => new(address, Subnet.Length, Gateway, Subnet);

        public override string ToString() => $"{First}-{Last}";
    }
}

/// <summary>An address of a host-local network.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Length of its subnet's mask.</param>
/// <param name="Gateway">Its subnet's gateway.</param>
/// <param name="Subnet">Its subnet.</param>
public sealed record LocalAddress(IpAddress Address, byte PrefixLength, IpAddress Gateway, IpPrefix Subnet);
