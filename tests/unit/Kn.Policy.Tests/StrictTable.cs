using Kn.Linux.Nftables;
using Kn.Policy.Tables;
using Kn.Primitives;

namespace Kn.Policy.Tests;

/// <summary>The table in memory, as strict as the kernel and stricter: ENOENT for deleting what is absent or different, EEXIST for adding what is there, EBUSY
/// for deleting what is in use, no overlaps in interval sets, and nothing applied of a batch that fails.</summary>
internal sealed class StrictTable : IPolicyTable
{
    private SortedDictionary<string, NftChain> _chains = new(StringComparer.Ordinal);
    private SortedDictionary<string, (NftSet Set, Dictionary<NftValue, NftElement> Elements)> _sets = new(StringComparer.Ordinal);
    private NftTable? _table;

    /// <summary>Batches that were applied.</summary>
    public List<NftBatch> Batches { get; } = [];

    /// <summary>Asked before each batch whether it fails, as the kernel fails under memory pressure.</summary>
    public Func<bool> Fails { get; set; } = static () => false;

    /// <summary>Whether batches are applied and then said to have failed, as when the answer is lost.</summary>
    public bool FailsAfterwards { get; set; }

    public NftTable? Read() => _table is null ? null : _table with
    {
        Chains = _chains.Values.ToValueList(),
        Sets = _sets.Values.Select(static pair => pair.Set with { Elements = pair.Elements.Values.OrderBy(static element => element.Key).ToValueList() }).ToValueList(),
    };

    public void Remove() => (_table, _chains, _sets) = (null, new(StringComparer.Ordinal), new(StringComparer.Ordinal));

    public void Apply(NftBatch batch)
    {
        if (Fails())
        {
            throw new IOException("ENOMEM, injected");
        }

        var before = (_table, _chains, _sets);
        _chains = new(_chains, StringComparer.Ordinal);
        _sets = new(_sets.ToDictionary(static pair => pair.Key, static pair => (pair.Value.Set, new Dictionary<NftValue, NftElement>(pair.Value.Elements)), StringComparer.Ordinal), StringComparer.Ordinal);
        try
        {
            foreach (var operation in batch.Operations)
            {
                Do(operation);
            }

            Check();
        }
        catch
        {
            (_table, _chains, _sets) = before;
            throw;
        }

        Batches.Add(batch);
        if (FailsAfterwards)
        {
            throw new IOException("ENOBUFS, injected");
        }
    }

    /// <summary>Somebody else deletes or changes elements.</summary>
    public void Damage(Func<NftSet, NftElement, NftElement?> change)
    {
        foreach (var (set, elements) in _sets.Values)
        {
            foreach (var element in elements.Values.ToArray())
            {
                elements.Remove(element.Key);
                if (change(set, element) is { } changed)
                {
                    elements.TryAdd(changed.Key, changed);
                }
            }
        }
    }

    private void Do(NftOperation operation)
    {
        switch (operation)
        {
            case TableOperation { Verb: NftVerb.Add } add:
                _table ??= add.Declaration with { Chains = default, Sets = default };
                break;
            case TableOperation { Verb: NftVerb.Delete }:
                Assert.NotNull(_table);
                Remove();
                break;
            case ChainOperation chain:
                Do(chain);
                break;
            case RuleOperation { Verb: NftVerb.Flush } flush:
                _chains[flush.Chain] = Find(flush.Chain) with { Rules = default };
                break;
            case RuleOperation { Verb: NftVerb.Add, Rule: { } rule } add:
                _chains[add.Chain] = Find(add.Chain) with { Rules = Find(add.Chain).Rules.Append(rule).ToValueList() };
                break;
            case SetOperation set:
                Do(set);
                break;
            case ElementsOperation elements:
                Do(elements);
                break;
            default:
                Assert.Fail($"{operation} is not expected");
                break;
        }
    }

    private NftChain Find(string name) => _chains.TryGetValue(name, out var chain) ? chain : throw new InvalidOperationException($"ENOENT: chain {name}");

    private void Do(ChainOperation operation)
    {
        var name = operation.Declaration.Name;
        switch (operation.Verb)
        {
            case NftVerb.Flush:
                _chains[name] = Find(name) with { Rules = default };
                break;
            case NftVerb.Delete:
                Assert.False(IsUsed(Verdict.Goto(name)) || IsUsed(Verdict.Jump(name)), $"EBUSY: chain {name}");
                Assert.True(_chains.Remove(name), $"ENOENT: chain {name}");
                break;
            default:
                Assert.True(_chains.TryAdd(name, operation.Declaration with { Rules = default }) || operation.Verb == NftVerb.Add, $"EEXIST: chain {name}");
                break;
        }
    }

    private bool IsUsed(NftVerdict verdict) =>
        _sets.Values.Any(set => set.Elements.Values.Any(element => element.Verdict == verdict))
        || _chains.Values.Any(chain => chain.Rules.Any(rule => rule.Expressions.OfType<Linux.Nftables.Expressions.ImmediateVerdict>().Any(item => item.Verdict == verdict)));

    private void Do(SetOperation operation)
    {
        var name = operation.Declaration.Name;
        if (operation.Verb == NftVerb.Delete)
        {
            var isAsked = _chains.Values.Any(chain => chain.Rules.Any(rule => rule.Expressions.OfType<Linux.Nftables.Expressions.Lookup>().Any(item => item.SetName == name)));
            Assert.False(isAsked, $"EBUSY: set {name}");
            Assert.True(_sets.Remove(name), $"ENOENT: set {name}");
            return;
        }

        Assert.True(_sets.TryAdd(name, (operation.Declaration with { Elements = default }, [])) || operation.Verb == NftVerb.Add, $"EEXIST: set {name}");
    }

    private void Do(ElementsOperation operation)
    {
        Assert.True(_sets.TryGetValue(operation.Set.Name, out var set), $"ENOENT: set {operation.Set.Name}");
        foreach (var element in operation.Elements)
        {
            if (operation.Verb == NftVerb.Delete)
            {
                Assert.True(set.Elements.Remove(element.Key, out var old), $"ENOENT: {set.Set.Name} {element}");
                Assert.Equal(old, element);
            }
            else
            {
                Assert.True(set.Elements.TryAdd(element.Key, element), $"EEXIST: {set.Set.Name} {element}");
            }
        }
    }

    /// <summary>Every verdict leads somewhere, every look-up asks a set that is there, ranges of addresses do not overlap.</summary>
    private void Check()
    {
        foreach (var element in _sets.Values.SelectMany(static set => set.Elements.Values))
        {
            Assert.True(element.Verdict?.Chain is not { } chain || _chains.ContainsKey(chain), $"{element} leads nowhere");
        }

        foreach (var lookup in _chains.Values.SelectMany(static chain => chain.Rules).SelectMany(static rule => rule.Expressions).OfType<Linux.Nftables.Expressions.Lookup>())
        {
            Assert.True(_sets.ContainsKey(lookup.SetName), $"no set {lookup.SetName}");
        }

        foreach (var (set, elements) in _sets.Values.Where(static pair => pair.Set.Flags.HasFlag(NftSetFlags.Interval) && !pair.Set.Key.IsConcatenation))
        {
            var ends = elements.Values.OrderBy(static element => element.Key).Select(static element => (First: element.Key, Last: element.KeyEnd.IsEmpty ? element.Key : element.KeyEnd)).ToArray();
            Assert.All(ends.Zip(ends.Skip(1)), pair => Assert.True(pair.First.Last < pair.Second.First, $"EEXIST: ranges of {set.Name} overlap"));
        }
    }
}
