using Kn.Linux.Nftables;
using Kn.Policy.Peers;
using Kn.Primitives;

namespace Kn.Policy.Tables;

/// <summary>Collects what one change does to the table.</summary>
/// <remarks>The kernel has no update of an element's data: deletes come before adds of the same key, in one batch.</remarks>
internal sealed class TableEdit
{
    private readonly List<ClassState> _new = [];
    private readonly List<ClassState> _changed = [];
    private readonly List<ClassState> _gone = [];
    private readonly Dictionary<string, SetElements> _deletes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SetElements> _adds = new(StringComparer.Ordinal);

    /// <summary>Whether anybody wants to know the elements: not where the whole table is compared anyway.</summary>
    public bool HasElements { get; init; } = true;

    /// <summary>Whether the change may take something away that was allowed before.</summary>
    public bool TakesAway { get; set; }

    /// <summary>How many elements are deleted or added.</summary>
    public int ElementCount { get; private set; }

    /// <summary>True when there is nothing to send.</summary>
    public bool IsEmpty => ElementCount == 0 && _new.Count == 0 && _changed.Count == 0 && _gone.Count == 0;

    /// <summary>A class gets its chain and map.</summary>
    public void Make(ClassState state) => _new.Add(state);

    /// <summary>A class' chain has other rules.</summary>
    public void Rewrite(ClassState state) => _changed.Add(state);

    /// <summary>A class' chain and map go, with all that is in them.</summary>
    public void Remove(ClassState state) => _gone.Add(state);

    /// <summary>An element is there and goes.</summary>
    public void Delete(NftSet set, NftElement element) => Note(_deletes, set, element);

    /// <summary>An element comes.</summary>
    public void Add(NftSet set, NftElement element) => Note(_adds, set, element);

    /// <summary>The change as one transaction. Maps of classes are made before rules ask them; what leads to a class is there after its chain and
    /// goes before it.</summary>
    public NftBatch ToBatch()
    {
        var batch = new NftBatch();
        var table = PolicyRuleset.TableId;
        foreach (var state in _new)
        {
            var chain = ClassChain.Of(state);
            batch.CreateSet(table, PolicySchema.MapOf(state)).CreateChain(table, chain).AddRules(table, chain.Name, chain.Rules.AsSpan());
        }

        foreach (var state in _changed)
        {
            batch.FlushChain(table, state.Name).AddRules(table, state.Name, ClassChain.Of(state).Rules.AsSpan());
        }

        foreach (var (set, elements) in _deletes.Values)
        {
            batch.DeleteElements(table, set, elements.ToValueList());
        }

        foreach (var (set, elements) in _adds.Values)
        {
            batch.AddElements(table, set, elements.ToValueList());
        }

        foreach (var state in _gone)
        {
            batch.FlushChain(table, state.Name).DeleteChain(table, state.Name).DeleteSet(table, PolicySchema.MapOf(state));
        }

        return batch;
    }

    private void Note(Dictionary<string, SetElements> sets, NftSet set, NftElement element)
    {
        if (!HasElements)
        {
            return;
        }

        if (!sets.TryGetValue(set.Name, out var elements))
        {
            sets.Add(set.Name, elements = new SetElements(set, []));
        }

        elements.Elements.Add(element);
        ElementCount++;
    }

    private sealed record SetElements(NftSet Set, List<NftElement> Elements);
}
