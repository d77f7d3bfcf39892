using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy.Tests;

/// <summary>The table in memory, as strict as the kernel and stricter: ENOENT for deleting what is absent or different, EEXIST for
/// adding what is there, nothing applied of a batch that fails; and after each batch the references inside the table hold.</summary>
internal sealed class StrictProxyTable : IProxyTable
{
    private readonly HashSet<uint> _everUsed = [];
    private Dictionary<ElementIdentity, ProxyElement> _elements = [];
    private Dictionary<uint, BalanceClass> _classes = [];
    private string? _layout;

    /// <summary>Batches that were applied.</summary>
    public List<ProxyBatch> Batches { get; } = [];

    /// <summary>Asked before each batch whether it fails, as the kernel fails under memory pressure.</summary>
    public Func<bool> Fails { get; set; } = static () => false;

    public IEnumerable<ProxyElement> Elements => _elements.Values;

    public ProxyTableContent? Read() => _layout is null ? null : new ProxyTableContent(_layout, new Dictionary<uint, BalanceClass>(_classes), [.. _elements.Values]);

    public void Remove() => (_layout, _elements, _classes) = (null, [], []);

    public void Apply(ProxyBatch batch)
    {
        if (Fails())
        {
            throw new IOException("ENOMEM, injected");
        }

        var elements = batch.ReplacesTable ? [] : new Dictionary<ElementIdentity, ProxyElement>(_elements);
        var classes = batch.ReplacesTable ? [] : new Dictionary<uint, BalanceClass>(_classes);
        Assert.True(batch.ReplacesTable || _layout is not null, "ENOENT: no table");
        foreach (var added in batch.Classes)
        {
            Assert.True(classes.TryAdd(added.Number, added.Class), $"EEXIST: class {added}");
        }

        Change(elements, batch);
        Check(elements, classes);
        CheckNumbers(batch);
        (_elements, _classes) = (elements, classes);
        _layout = batch.ReplacesTable ? batch.Layout : _layout;
        Batches.Add(batch);
    }

    /// <summary>Somebody else deletes everything.</summary>
    public void Flush() => Remove();

    /// <summary>Somebody else deletes or changes one element.</summary>
    public void Damage(Func<ProxyElement, ProxyElement?> change)
    {
        foreach (var element in _elements.Values.ToArray())
        {
            if (change(element) is not { } changed)
            {
                _elements.Remove(element.Identity);
            }
            else if (changed != element)
            {
                _elements.Remove(element.Identity);
                _elements[changed.Identity] = changed;
            }
        }
    }

    /// <summary>Somebody else changes the table's rules.</summary>
    public void DamageRules() => _layout = ProxyLayout.Damaged("a rule");

    private static void Change(Dictionary<ElementIdentity, ProxyElement> elements, ProxyBatch batch)
    {
        foreach (var (set, deleted) in batch.Deletes)
        {
            foreach (var element in deleted)
            {
                var identity = new ElementIdentity(set, element.Key);
                Assert.True(elements.Remove(identity, out var old), $"ENOENT: {set} {element}");
                Assert.Equal(old.Element, element);
            }
        }

        foreach (var (set, added) in batch.Adds)
        {
            foreach (var element in added)
            {
                Assert.True(elements.TryAdd(new ElementIdentity(set, element.Key), new ProxyElement(set, element)), $"EEXIST: {set} {element}");
            }
        }
    }

    private static void Check(Dictionary<ElementIdentity, ProxyElement> elements, Dictionary<uint, BalanceClass> classes)
    {
        var lists = elements.Values.Where(static element => element.Set == ProxySet.Lists)
            .ToDictionary(static element => element.Element.Key.ToUInt32(), static element => element.Element.Data.ToUInt32());
        var slots = elements.Values
            .Where(static element => element.Set is ProxySet.Endpoints4 or ProxySet.Endpoints6 or ProxySet.Choices)
            .GroupBy(static element => ReadSlot(element).List)
            .ToDictionary(static group => group.Key, static group => group.Select(static element => ReadSlot(element).Slot).Order().ToArray());
        foreach (var (list, number) in lists.Where(static pair => pair.Key != ProxyElement.NumbersKey))
        {
            var length = BalanceClass.IsEmpty(number) ? 0 : classes[number].Length;
            Assert.Equal(Enumerable.Range(0, length).Select(static slot => (uint)slot), slots.GetValueOrDefault(list, []));
        }

        Assert.Subset(lists.Keys.ToHashSet(), slots.Keys.ToHashSet());
        foreach (var element in elements.Values.Where(static element => element.Set is >= ProxySet.Services4 and <= ProxySet.Outside6))
        {
            var value = element.Element.Data.ToUInt32();
            Assert.True(value < ProxyElement.FirstList ? element.Set <= ProxySet.Services6 : lists.ContainsKey(value), $"{element} leads nowhere");
        }
    }

    private static (uint List, uint Slot) ReadSlot(ProxyElement element)
    {
        Assert.True(ElementReader.TryReadSlot(element.Element.Key, out var list, out var slot));
        return (list, slot);
    }

    private void CheckNumbers(ProxyBatch batch)
    {
        if (batch.ReplacesTable)
        {
            _everUsed.Clear();
        }

        var deleted = batch.Deletes.Where(static group => group.Set == ProxySet.Lists).SelectMany(static group => group.Elements).Select(static element => element.Key).ToHashSet();
        foreach (var element in batch.Adds.Where(static group => group.Set is ProxySet.Lists or ProxySet.Backends4 or ProxySet.Backends6).SelectMany(static group => group.Elements))
        {
            var number = element.Key.ToUInt32();
            Assert.True(number == ProxyElement.NumbersKey || deleted.Contains(element.Key) || _everUsed.Add(number), $"the number {number} is used again");
        }
    }
}
