using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Operations that the kernel does all together or not at all (<see cref="NftSocket.Apply"/>).</summary>
/// <remarks>Order matters: within a batch each operation sees what those before it did, so delete an element before adding it with
/// other data. A packet sees none of them or all of them, except that one which makes several look-ups may meet the
/// change between two of them. Not safe for use by several threads.</remarks>
public sealed class NftBatch
{
    private readonly List<NftOperation> _operations = [];

    /// <summary>The generation that the ruleset must still have; null to apply to whatever is there.</summary>
    public uint? ExpectedGeneration { get; init; }

    /// <summary>The operations, first to last.</summary>
    public IReadOnlyList<NftOperation> Operations => _operations;

    /// <summary>True when there is nothing to do.</summary>
    public bool IsEmpty => _operations.Count == 0;

    /// <summary>A table with all that is in it, in the order that the kernel wants and that is quick: chains, sets, rules, and
    /// elements at last (a look-up bound to a full map makes the kernel walk its elements).</summary>
    public NftBatch AddWhole(NftTable table)
    {
        AddTable(table);
        foreach (var chain in table.Chains)
        {
            AddChain(table.Id, chain);
        }

        foreach (var set in table.Sets)
        {
            AddSet(table.Id, set);
        }

        foreach (var chain in table.Chains)
        {
            AddRules(table.Id, chain.Name, chain.Rules.AsSpan());
        }

        foreach (var set in table.Sets)
        {
            AddElements(table.Id, set, set.Elements);
        }

        return this;
    }

    /// <summary>Makes a table without content, unless it exists.</summary>
    public NftBatch AddTable(NftTable table) => Append(new TableOperation(NftVerb.Add, table));

    /// <summary>Makes a table without content; EEXIST when it exists.</summary>
    public NftBatch CreateTable(NftTable table) => Append(new TableOperation(NftVerb.Create, table));

    /// <summary>Deletes a table with all that is in it; ENOENT when it is absent.</summary>
    public NftBatch DeleteTable(NftTableId table) => Append(new TableOperation(NftVerb.Delete, new NftTable(table.Family, table.Name)));

    /// <summary>Deletes a table with all that is in it, if it is there, on any kernel: adds it before deleting it.</summary>
    public NftBatch RemoveTable(NftTableId table) => AddTable(new NftTable(table.Family, table.Name)).DeleteTable(table);

    /// <summary>Deletes a table if it is there; kernel 6.3, see <see cref="RemoveTable"/>.</summary>
    public NftBatch DestroyTable(NftTableId table) => Append(new TableOperation(NftVerb.Destroy, new NftTable(table.Family, table.Name)));

    /// <summary>Deletes all rules of a table.</summary>
    public NftBatch FlushTable(NftTableId table) => Append(new TableOperation(NftVerb.Flush, new NftTable(table.Family, table.Name)));

    /// <summary>Makes a chain without rules, unless it exists.</summary>
    public NftBatch AddChain(NftTableId table, NftChain chain) => Append(new ChainOperation(NftVerb.Add, table, chain));

    /// <summary>Makes a chain without rules; EEXIST when it exists.</summary>
    public NftBatch CreateChain(NftTableId table, NftChain chain) => Append(new ChainOperation(NftVerb.Create, table, chain));

    /// <summary>Deletes a chain with its rules; EBUSY while something jumps to it.</summary>
    public NftBatch DeleteChain(NftTableId table, string chain) => Append(new ChainOperation(NftVerb.Delete, table, new NftChain(chain)));

    /// <summary>Deletes a chain if it is there; kernel 6.3.</summary>
    public NftBatch DestroyChain(NftTableId table, string chain) => Append(new ChainOperation(NftVerb.Destroy, table, new NftChain(chain)));

    /// <summary>Deletes the rules of a chain.</summary>
    public NftBatch FlushChain(NftTableId table, string chain) => Append(new ChainOperation(NftVerb.Flush, table, new NftChain(chain)));

    /// <summary>Appends a rule to a chain, or places it after the rule of a handle.</summary>
    public NftBatch AddRule(NftTableId table, string chain, NftRule rule, ulong afterHandle = 0) =>
        Append(new RuleOperation(NftVerb.Add, table, chain, rule, afterHandle));

    /// <summary>Appends rules to a chain.</summary>
    public NftBatch AddRules(NftTableId table, string chain, params ReadOnlySpan<NftRule> rules)
    {
        foreach (var rule in rules)
        {
            AddRule(table, chain, rule);
        }

        return this;
    }

    /// <summary>Places a rule at the start of a chain, or before the rule of a handle.</summary>
    public NftBatch InsertRule(NftTableId table, string chain, NftRule rule, ulong beforeHandle = 0) =>
        Append(new RuleOperation(NftVerb.Insert, table, chain, rule, beforeHandle));

    /// <summary>Puts a rule in the place of another.</summary>
    public NftBatch ReplaceRule(NftTableId table, string chain, ulong handle, NftRule rule) =>
        Append(new RuleOperation(NftVerb.Replace, table, chain, rule, handle));

    /// <summary>Deletes a rule; ENOENT when it is absent.</summary>
    public NftBatch DeleteRule(NftTableId table, string chain, ulong handle) =>
        Append(new RuleOperation(NftVerb.Delete, table, chain, null, handle));

    /// <summary>Deletes a rule if it is there; kernel 6.3.</summary>
    public NftBatch DestroyRule(NftTableId table, string chain, ulong handle) =>
        Append(new RuleOperation(NftVerb.Destroy, table, chain, null, handle));

    /// <summary>Makes a set or map without elements, unless it exists.</summary>
    public NftBatch AddSet(NftTableId table, NftSet set) => Append(new SetOperation(NftVerb.Add, table, set));

    /// <summary>Makes a set or map without elements; EEXIST when it exists.</summary>
    public NftBatch CreateSet(NftTableId table, NftSet set) => Append(new SetOperation(NftVerb.Create, table, set));

    /// <summary>Deletes a set or map; EBUSY while a rule uses it.</summary>
    public NftBatch DeleteSet(NftTableId table, NftSet set) => Append(new SetOperation(NftVerb.Delete, table, set));

    /// <summary>Deletes a set or map if it is there; kernel 6.3.</summary>
    public NftBatch DestroySet(NftTableId table, NftSet set) => Append(new SetOperation(NftVerb.Destroy, table, set));

    /// <summary>Deletes all elements of a set or map.</summary>
    public NftBatch FlushSet(NftTableId table, NftSet set) => Append(new SetOperation(NftVerb.Flush, table, set));

    /// <summary>Adds elements; one that is there with the same data is success, with other data EEXIST.</summary>
    public NftBatch AddElements(NftTableId table, NftSet set, ValueList<NftElement> elements) => Elements(NftVerb.Add, table, set, elements);

    /// <summary>Adds elements; EEXIST when one is there.</summary>
    public NftBatch CreateElements(NftTableId table, NftSet set, ValueList<NftElement> elements) => Elements(NftVerb.Create, table, set, elements);

    /// <summary>Deletes elements by their keys; ENOENT when one is absent.</summary>
    public NftBatch DeleteElements(NftTableId table, NftSet set, ValueList<NftElement> elements) => Elements(NftVerb.Delete, table, set, elements);

    /// <summary>Deletes elements that are there; kernel 6.3.</summary>
    public NftBatch DestroyElements(NftTableId table, NftSet set, ValueList<NftElement> elements) => Elements(NftVerb.Destroy, table, set, elements);

    /// <summary>Appends an operation.</summary>
    public NftBatch Append(NftOperation operation)
    {
        _operations.Add(operation);
        return this;
    }

    private NftBatch Elements(NftVerb verb, NftTableId table, NftSet set, ValueList<NftElement> elements) =>
        elements.IsEmpty ? this : Append(new ElementsOperation(verb, table, set, elements));
}
