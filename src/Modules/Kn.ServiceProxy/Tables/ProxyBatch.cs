using Kn.Linux.Nftables;

namespace Kn.ServiceProxy.Tables;

/// <summary>What one transaction does, in this order.</summary>
/// <param name="ReplacesTable">Whether the table is deleted first, if it is there, and made anew with its static rules.</param>
/// <param name="Layout">The layout that <paramref name="ReplacesTable"/> makes.</param>
/// <param name="Classes">Chains to make, with their entries in <c>dispatch</c>: before elements, as the kernel walks a map's elements
/// whenever a new chain uses it.</param>
/// <param name="Deletes">Elements to delete; each is there.</param>
/// <param name="Adds">Elements to add; each is absent once the deletes are done.</param>
internal sealed record ProxyBatch(
    bool ReplacesTable,
    string Layout,
    IReadOnlyList<NewClass> Classes,
    IReadOnlyList<SetElements> Deletes,
    IReadOnlyList<SetElements> Adds)
{
    /// <summary>True when there is nothing to send.</summary>
    public bool IsEmpty => !ReplacesTable && Classes.Count == 0 && Deletes.Count == 0 && Adds.Count == 0;

    /// <summary>How many elements are deleted or added.</summary>
    public int ElementCount => Deletes.Sum(static group => group.Elements.Count) + Adds.Sum(static group => group.Elements.Count);
}

/// <summary>Elements of one set.</summary>
internal sealed record SetElements(ProxySet Set, IReadOnlyList<NftElement> Elements);

/// <summary>A class whose chain is made.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Class">What it does.</param>
internal readonly record struct NewClass(uint Number, BalanceClass Class);
