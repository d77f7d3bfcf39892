using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>One step of a batch: plain data, so that a fake can play it.</summary>
/// <param name="Verb">What to do.</param>
/// <param name="Table">In which table, or to which.</param>
public abstract record NftOperation(NftVerb Verb, NftTableId Table)
{
    private protected string Word => NftNames.Of(Verb);
}

/// <summary>Something done to a table. <paramref name="Declaration"/> gives flags and comment; what is inside of it is not part of the operation.</summary>
public sealed record TableOperation(NftVerb Verb, NftTable Declaration) : NftOperation(Verb, Declaration.Id)
{
    /// <summary>As nft would be told: <c>add table inet kn-proxy</c>.</summary>
    public override string ToString() => $"{Word} table {Table}";
}

/// <summary>Something done to a chain; the rules of <paramref name="Declaration"/> are not part of the operation.</summary>
public sealed record ChainOperation(NftVerb Verb, NftTableId Table, NftChain Declaration) : NftOperation(Verb, Table)
{
    /// <summary>As nft would be told: <c>add chain inet kn-proxy refuse</c>.</summary>
    public override string ToString() => $"{Word} chain {Table} {Declaration.Name}";
}

/// <summary>Something done to a rule, or to all rules of a chain (<see cref="NftVerb.Flush"/>).</summary>
/// <param name="Verb">What to do.</param>
/// <param name="Table">The table.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Rule">The new rule; null to delete or flush.</param>
/// <param name="Handle">The rule that is replaced or deleted, or next to which another is placed; 0 for none.</param>
public sealed record RuleOperation(NftVerb Verb, NftTableId Table, string Chain, NftRule? Rule, ulong Handle) : NftOperation(Verb, Table)
{
    /// <summary>As nft would be told: <c>delete rule inet kn-proxy refuse handle 7</c>.</summary>
    public override string ToString() => $"{Word} rule {Table} {Chain}{(Handle == 0 ? string.Empty : $" handle {Handle}")}{(Rule is null ? string.Empty : $" {Rule}")}";
}

/// <summary>Something done to a set or map; the elements of <paramref name="Declaration"/> are not part of the operation.</summary>
public sealed record SetOperation(NftVerb Verb, NftTableId Table, NftSet Declaration) : NftOperation(Verb, Table)
{
    /// <summary>As nft would be told: <c>add map inet kn-proxy services4</c>.</summary>
    public override string ToString() => $"{Word} {(Declaration is NftMap ? "map" : "set")} {Table} {Declaration.Name}";
}

/// <summary>Something done to elements of a set or map.</summary>
public sealed record ElementsOperation(NftVerb Verb, NftTableId Table, NftSet Set, ValueList<NftElement> Elements) : NftOperation(Verb, Table)
{
    /// <summary>As nft would be told, without the elements: <c>add element inet kn-proxy services4 (3 elements)</c>.</summary>
    public override string ToString() => $"{Word} element {Table} {Set.Name} ({Elements.Count} elements)";
}
