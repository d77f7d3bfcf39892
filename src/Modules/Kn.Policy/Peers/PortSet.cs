using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Peers;

/// <summary>Which packets are allowed, by protocol and port; equal sets are equal records. Everything, or ranges that are sorted and neither
/// overlap nor touch.</summary>
internal sealed record PortSet
{
    private PortSet(bool isEverything, ValueList<PortRange> ranges)
    {
        IsEverything = isEverything;
        Ranges = ranges;
    }

    /// <summary>No packet.</summary>
    public static PortSet None { get; } = new(isEverything: false, default);

    /// <summary>Every packet, of protocols without ports too.</summary>
    public static PortSet Everything { get; } = new(isEverything: true, default);

    /// <summary>Whether it is <see cref="Everything"/>.</summary>
    public bool IsEverything { get; }

    /// <summary>The ranges.</summary>
    public ValueList<PortRange> Ranges { get; }

    /// <summary>A set of ranges in any order.</summary>
    public static PortSet Of(IEnumerable<PortRange> ranges)
    {
        var sorted = ranges.ToArray();
        Array.Sort(sorted);
        var merged = new List<PortRange>(sorted.Length);
        foreach (var range in sorted)
        {
            if (merged.Count > 0 && merged[^1] is var last && last.Protocol == range.Protocol && range.First <= last.Last + 1)
            {
                merged[^1] = last with { Last = Math.Max(last.Last, range.Last) };
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged.Count == 0 ? None : new PortSet(isEverything: false, merged.ToValueList());
    }

    /// <summary>What either of them allows.</summary>
    public PortSet Union(PortSet other) => IsEverything || other.IsEverything ? Everything : Of(Ranges.Concat(other.Ranges));

    /// <summary>Whether it allows all that the other one does.</summary>
    public bool Covers(PortSet other)
    {
        if (IsEverything || other.IsEverything)
        {
            return IsEverything;
        }

        foreach (var range in other.Ranges)
        {
            if (!Covers(range))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A hash that is the same in every process.</summary>
    public StableHash Hash()
    {
        var hash = StableHash.Start.Add(IsEverything ? 1u : 0u);
        foreach (var range in Ranges)
        {
            hash = hash.Add((uint)range.Protocol).Add(range.First).Add(range.Last);
        }

        return hash;
    }

    private bool Covers(PortRange wanted)
    {
        foreach (var range in Ranges)
        {
            if (range.Protocol == wanted.Protocol && range.First <= wanted.First && range.Last >= wanted.Last)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Ports of a protocol, both ends included.</summary>
internal readonly record struct PortRange(IpProtocol Protocol, ushort First, ushort Last) : IComparable<PortRange>
{
    /// <summary>Whether these are all ports of the protocol: port 0 is no port.</summary>
    public bool IsWholeProtocol => First <= 1 && Last == ushort.MaxValue;

    /// <inheritdoc/>
    public int CompareTo(PortRange other)
    {
        var byProtocol = Protocol.CompareTo(other.Protocol);
        var byFirst = byProtocol != 0 ? byProtocol : First.CompareTo(other.First);
        return byFirst != 0 ? byFirst : Last.CompareTo(other.Last);
    }
}
