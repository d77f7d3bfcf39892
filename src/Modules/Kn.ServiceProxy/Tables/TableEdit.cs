using Kn.Linux.Nftables;

namespace Kn.ServiceProxy.Tables;

/// <summary>Collects what changes between two states of the table, and cancels what comes out the same.</summary>
/// <remarks>The kernel has no update of an element's data: deletes come before adds of the same key, in one batch.</remarks>
internal sealed class TableEdit
{
    private readonly Dictionary<ElementIdentity, (ProxyElement? Before, ProxyElement? After)> _elements = [];
    private readonly List<NewClass> _classes = [];

    /// <summary>By set, what a new table gets; null while the table stays. There everything comes once, and nothing has to be compared.</summary>
    private List<NftElement>?[]? _anew;

    /// <summary>From now on the table is a new one: nothing is there before.</summary>
    public void StartAnew() => _anew = new List<NftElement>?[ProxySets.Count];

    /// <summary>The element is there before; unless it is added too, it goes.</summary>
    public void Remove(ProxyElement element)
    {
        if (_anew is not null)
        {
            _anew[(int)element.Set]?.RemoveAll(other => other.Key == element.Element.Key);
            return;
        }

        var change = _elements.GetValueOrDefault(element.Identity);
        _elements[element.Identity] = change.After is null ? (element, null) : (change.Before, null);
    }

    /// <summary>The element is to be there after.</summary>
    public void Add(ProxyElement element)
    {
        if (_anew is not null)
        {
            (_anew[(int)element.Set] ??= []).Add(element.Element);
            return;
        }

        var change = _elements.GetValueOrDefault(element.Identity);
        _elements[element.Identity] = (change.Before, element);
    }

    /// <summary>Removes all.</summary>
    public void Remove(IEnumerable<ProxyElement> elements)
    {
        foreach (var element in elements)
        {
            Remove(element);
        }
    }

    /// <summary>Adds all.</summary>
    public void Add(IEnumerable<ProxyElement> elements)
    {
        foreach (var element in elements)
        {
            Add(element);
        }
    }

    /// <summary>A class that has no chain yet.</summary>
    public void Add(NewClass balanceClass) => _classes.Add(balanceClass);

    /// <summary>The difference as one batch.</summary>
    /// <param name="replacesTable">Whether the batch makes the table anew.</param>
    /// <param name="layout">The layout of the table that is made.</param>
    public ProxyBatch ToBatch(bool replacesTable, string layout)
    {
        var deletes = new List<NftElement>?[ProxySets.Count];
        var adds = _anew ?? new List<NftElement>?[ProxySets.Count];
        foreach (var (identity, (before, after)) in _elements)
        {
            if (before == after)
            {
                continue;
            }

            if (before is { } old)
            {
                (deletes[(int)identity.Set] ??= []).Add(old.Element);
            }

            if (after is { } wanted)
            {
                (adds[(int)identity.Set] ??= []).Add(wanted.Element);
            }
        }

        return new ProxyBatch(replacesTable, layout, _classes, [.. InOrder(deletes)], [.. InOrder(adds).Reverse()]);
    }

    private static IEnumerable<SetElements> InOrder(List<NftElement>?[] lists)
    {
        for (var set = 0; set < lists.Length; set++)
        {
            if (lists[set] is { Count: > 0 } elements)
            {
                yield return new SetElements((ProxySet)set, elements);
            }
        }
    }
}
