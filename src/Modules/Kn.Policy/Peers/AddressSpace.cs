using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Peers;

/// <summary>All addresses, cut into ranges by ipBlocks and their excepts: each range lies in the same blocks from end to end. Immutable.</summary>
internal sealed class AddressSpace
{
    private readonly AddressRange[] _v4;
    private readonly AddressRange[] _v6;

    private AddressSpace(AddressRange[] v4, AddressRange[] v6) => (_v4, _v6) = (v4, v6);

    /// <summary>No blocks.</summary>
    public static AddressSpace Empty { get; } = new([], []);

    /// <summary>The ranges that lie in at least one block, IPv4 first, sorted.</summary>
    public IEnumerable<AddressRange> Ranges => _v4.Concat(_v6);

    /// <summary>Cuts at the edges of these blocks.</summary>
    public static AddressSpace Of(IEnumerable<IpBlock> blocks)
    {
        var sorted = blocks.OrderBy(static block => block.Cidr).ThenBy(static block => block.ToString(), StringComparer.Ordinal).ToArray();
        return new AddressSpace(Cut(sorted, IpFamily.V4), Cut(sorted, IpFamily.V6));
    }

    /// <summary>The blocks that an address lies in, in one order for all.</summary>
    public ValueList<IpBlock> BlocksOf(IpAddress address)
    {
        var ranges = address.Family == IpFamily.V4 ? _v4 : _v6;
        var (low, high) = (0, ranges.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].Last < address)
            {
                low = middle + 1;
            }
            else if (ranges[middle].First > address)
            {
                high = middle - 1;
            }
            else
            {
                return ranges[middle].Blocks;
            }
        }

        return default;
    }

    private static AddressRange[] Cut(IpBlock[] blocks, IpFamily family)
    {
        var edges = Edges(blocks, family);
        var ranges = new List<AddressRange>();
        var depth = new int[blocks.Length];
        var inside = new SortedSet<int>();
        var last = IpAddress.FromNumber(family, family == IpFamily.V6 ? UInt128.MaxValue : uint.MaxValue).Number;
        for (var i = 0; i < edges.Count;)
        {
            var start = edges[i].At;
            for (; i < edges.Count && edges[i].At == start; i++)
            {
                depth[edges[i].Block] += edges[i].Step;
                Place(inside, edges[i].Block, depth[edges[i].Block]);
            }

            if (inside.Count > 0)
            {
                Append(ranges, new AddressRange(
                    IpAddress.FromNumber(family, start),
                    IpAddress.FromNumber(family, i < edges.Count ? edges[i].At - 1 : last),
                    inside.Select(number => blocks[number]).ToValueList()));
            }
        }

        return [.. ranges];
    }

    /// <summary>A block counts 1 inside its prefix, and less than 1 inside an except.</summary>
    private static void Place(SortedSet<int> inside, int block, int depth)
    {
        if (depth == 1)
        {
            inside.Add(block);
        }
        else
        {
            inside.Remove(block);
        }
    }

    private static void Append(List<AddressRange> ranges, AddressRange range)
    {
        if (ranges.Count > 0 && ranges[^1] is var before && before.Last.Number + 1 == range.First.Number && before.Blocks == range.Blocks)
        {
            ranges[^1] = before with { Last = range.Last };
            return;
        }

        ranges.Add(range);
    }

    private static List<Edge> Edges(IpBlock[] blocks, IpFamily family)
    {
        var edges = new List<Edge>();
        for (var i = 0; i < blocks.Length; i++)
        {
            if (blocks[i].Cidr.Family != family)
            {
                continue;
            }

            Add(edges, blocks[i].Cidr, i, 1);
            foreach (var except in blocks[i].Except)
            {
                if (except.Family == family)
                {
                    Add(edges, except, i, -1);
                }
            }
        }

        edges.Sort(static (left, right) => left.At.CompareTo(right.At));
        return edges;
    }

    private static void Add(List<Edge> edges, IpPrefix prefix, int block, int step)
    {
        edges.Add(new Edge(prefix.Address.Number, block, step));
        var behind = prefix.Last.Number + 1;
        if (behind != UInt128.Zero)
        {
            edges.Add(new Edge(behind, block, -step));
        }
    }

    private readonly record struct Edge(UInt128 At, int Block, int Step);
}

/// <summary>Addresses from one to another that lie in the same blocks.</summary>
internal sealed record AddressRange(IpAddress First, IpAddress Last, ValueList<IpBlock> Blocks);
