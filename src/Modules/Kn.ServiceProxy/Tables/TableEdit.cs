namespace Kn.ServiceProxy.Tables;

/// <summary>Collects what changes between two states of the table, and cancels what comes out the same.</summary>
/// <remarks>The kernel has no update of an element's data: deletes come before adds of the same key, in one batch.</remarks>
internal sealed class TableEdit
{
    private readonly Dictionary<ElementIdentity, (ProxyElement? Before, ProxyElement? After)> _elements = [];
    private readonly List<NewClass> _classes = [];

    /// <summary>The element is there before; unless it is added too, it goes.</summary>
    public void Remove(ProxyElement element)
    {
        var change = _elements.GetValueOrDefault(element.Identity);
        _elements[element.Identity] = change.After is null ? (element, null) : (change.Before, null);
    }

    /// <summary>The element is to be there after.</summary>
    public void Add(ProxyElement element)
    {
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
        var deletes = new List<ProxyElement>[ProxySets.Count];
        var adds = new List<ProxyElement>[ProxySets.Count];
        foreach (var (identity, (before, after)) in _elements)
        {
            if (before == after)
            {
                continue;
            }

            if (before is { } old)
            {
                (deletes[(int)identity.Set] ??= []).Add(old);
            }

            if (after is { } wanted)
            {
                (adds[(int)identity.Set] ??= []).Add(wanted);
            }
        }

        return new ProxyBatch(replacesTable, layout, _classes, InOrder(deletes), InOrder(adds.Reverse()));
    }

    private static List<SetElements> InOrder(IEnumerable<List<ProxyElement>?> lists) => lists
        .OfType<List<ProxyElement>>()
        .Select(static elements => new SetElements(elements[0].Set, elements.ConvertAll(static element => element.Element)))
        .ToList();
}
