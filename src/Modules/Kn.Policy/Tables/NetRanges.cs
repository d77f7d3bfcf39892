using Kn.Kubernetes.Objects;
using Kn.Policy.Peers;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Tables;

/// <summary>The ranges that the policies' ipBlocks cut addresses into, and what the table says of each. Not thread-safe.</summary>
internal sealed class NetRanges(IdentityTable identities)
{
    private readonly Dictionary<IpBlock, int> _blocks = [];
    private Dictionary<(IpAddress First, IpAddress Last), (AddressRange Range, Identity Identity)> _ranges = [];
    private bool _isDirty;

    /// <summary>The ranges.</summary>
    public AddressSpace Space { get; private set; } = AddressSpace.Empty;

    /// <summary>Each range and its identity.</summary>
    public IEnumerable<(AddressRange Range, Identity Identity)> All => _ranges.Values;

    /// <summary>A policy's rules name their blocks, or no longer do.</summary>
    public void Change(RulesPiece? before, RulesPiece? after)
    {
        foreach (var block in BlocksOf(after))
        {
            var uses = _blocks.GetValueOrDefault(block);
            _blocks[block] = uses + 1;
            _isDirty |= uses == 0;
        }

        foreach (var block in BlocksOf(before))
        {
            if (--_blocks[block] == 0)
            {
                _blocks.Remove(block);
                _isDirty = true;
            }
        }
    }

    /// <summary>Works out the ranges again if a block came or went; true when one did.</summary>
    public bool Settle(TableEdit edit)
    {
        if (!_isDirty)
        {
            return false;
        }

        _isDirty = false;
        Space = AddressSpace.Of(_blocks.Keys);
        var before = _ranges;
        _ranges = [];
        foreach (var range in Space.Ranges)
        {
            _ranges.Add((range.First, range.Last), (range, identities.Take(new IdentityContent(null, range.Blocks))));
        }

        Write(before, edit);
        return true;
    }

    private void Write(Dictionary<(IpAddress First, IpAddress Last), (AddressRange Range, Identity Identity)> before, TableEdit edit)
    {
        foreach (var (key, (range, identity)) in before)
        {
            if (!_ranges.TryGetValue(key, out var after) || after.Identity != identity)
            {
                edit.Delete(PolicySchema.Net[range.First.Family], PolicyElements.Net(range, identity));
                edit.TakesAway = true;
            }

            identities.Leave(identity);
        }

        foreach (var (key, (range, identity)) in _ranges)
        {
            if (!before.TryGetValue(key, out var old) || old.Identity != identity)
            {
                edit.Add(PolicySchema.Net[range.First.Family], PolicyElements.Net(range, identity));
            }
        }
    }

    private static IEnumerable<IpBlock> BlocksOf(RulesPiece? piece) => piece is null
        ? []
        : piece.Ingress.Concat(piece.Egress).SelectMany(static rule => rule.Blocks).Distinct();
}
