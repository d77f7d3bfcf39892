using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Policy.Tables;

/// <summary>Compares a table that was read with the one that should be there, and says what makes one of the other. Pure.</summary>
internal sealed class TableDifference
{
    private readonly NftBatch _batch = new();

    private TableDifference()
    {
    }

    /// <summary>How many elements and classes differ.</summary>
    public int Count { get; private set; }

    /// <summary>Whether the whole table is made anew: its static part is another.</summary>
    public bool IsReplacement { get; private set; }

    /// <summary>What to send; empty where both are alike.</summary>
    public NftBatch Batch => _batch;

    /// <summary>Compares.</summary>
    /// <param name="found">The table that was read; null where there is none.</param>
    /// <param name="wanted">The table that should be there.</param>
    public static TableDifference Of(NftTable? found, NftTable wanted)
    {
        var difference = new TableDifference();
        if (found is null || !IsStaticAlike(found, wanted))
        {
            difference.IsReplacement = true;
            difference.Count = 1;
            difference._batch.RemoveTable(wanted.Id).AddWhole(wanted);
            return difference;
        }

        difference.Compare(found.AsDeclared(), wanted.AsDeclared());
        return difference;
    }

    private static bool IsStaticAlike(NftTable found, NftTable wanted) =>
        string.Equals(found.Comment, wanted.Comment, StringComparison.Ordinal)
        && Skeleton(found, wanted) == Skeleton(wanted, found);

    /// <summary>What does not change with policies and pods. Hooks come and go with the first policy and the last.</summary>
    private static NftTable Skeleton(NftTable table, NftTable other) => (table with
    {
        Sets = table.Sets.Where(static set => !ClassChain.IsName(set.Name)).Select(static set => set with { Elements = default }).OrderBy(static set => set.Name, StringComparer.Ordinal).ToValueList(),
        Chains = table.Chains.Where(chain => !ClassChain.IsName(chain.Name) && (chain.Hook is null || other.FindChain(chain.Name) is not null)).OrderBy(static chain => chain.Name, StringComparer.Ordinal).ToValueList(),
    }).AsDeclared();

    private void Compare(NftTable found, NftTable wanted)
    {
        var table = wanted.Id;
        var (foundChains, foundSets) = (ByName(found.Chains, static chain => chain.Name), ByName(found.Sets, static set => set.Name));
        var (wantedChains, wantedSets) = (ByName(wanted.Chains, static chain => chain.Name), ByName(wanted.Sets, static set => set.Name));
        foreach (var (name, set) in wantedSets)
        {
            if (!foundSets.ContainsKey(name))
            {
                Count++;
                _batch.CreateSet(table, set with { Elements = default });
            }
        }

        foreach (var (name, chain) in wantedChains)
        {
            CompareChain(table, foundChains.GetValueOrDefault(name), chain);
        }

        var adds = new List<(NftSet Set, ValueList<NftElement> Elements)>();
        foreach (var (name, set) in wantedSets)
        {
            var (deleted, added) = Elements(foundSets.GetValueOrDefault(name), set);
            Count += deleted.Count + added.Count;
            _batch.DeleteElements(table, set, deleted);
            adds.Add((set, added));
        }

        foreach (var (set, added) in adds)
        {
            _batch.AddElements(table, set, added);
        }

        RemoveOthers(table, foundChains.Keys.Except(wantedChains.Keys), foundSets.Values.Where(set => !wantedSets.ContainsKey(set.Name)));
    }

    private void CompareChain(NftTableId table, NftChain? found, NftChain wanted)
    {
        if (found == wanted)
        {
            return;
        }

        Count++;
        if (found is null)
        {
            _batch.CreateChain(table, wanted with { Rules = default });
        }
        else
        {
            _batch.FlushChain(table, wanted.Name);
        }

        _batch.AddRules(table, wanted.Name, wanted.Rules.AsSpan());
    }

    private void RemoveOthers(NftTableId table, IEnumerable<string> chains, IEnumerable<NftSet> sets)
    {
        foreach (var chain in chains)
        {
            Count++;
            _batch.FlushChain(table, chain).DeleteChain(table, chain);
        }

        foreach (var set in sets)
        {
            Count++;
            _batch.DeleteSet(table, set);
        }
    }

    private static (ValueList<NftElement> Deleted, ValueList<NftElement> Added) Elements(NftSet? found, NftSet wanted)
    {
        if (wanted.Flags.HasFlag(NftSetFlags.Dynamic))
        {
            // Packets fill it.
            return default;
        }

        var there = new Dictionary<NftValue, NftElement>();
        var deleted = new List<NftElement>();
        foreach (var element in found?.Elements ?? default)
        {
            there[element.Key] = element;
        }

        var added = new List<NftElement>();
        foreach (var element in wanted.Elements)
        {
            if (there.Remove(element.Key, out var old) && old == element)
            {
                continue;
            }

            added.Add(element);
            if (old is not null)
            {
                deleted.Add(old);
            }
        }

        deleted.AddRange(there.Values);
        return (deleted.ToValueList(), added.ToValueList());
    }

    private static Dictionary<string, T> ByName<T>(ValueList<T> items, Func<T, string> name)
    {
        var byName = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (var item in items)
        {
            byName.Add(name(item), item);
        }

        return byName;
    }
}
