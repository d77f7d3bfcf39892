namespace Kn.ServiceProxy.Tables;

/// <summary>The proxy's table as it was read.</summary>
/// <param name="Layout">What the table is of: the layout that this version makes only if every static chain, rule and set is as
/// this version makes it.</param>
/// <param name="Classes">The classes that have a chain, by number.</param>
/// <param name="Elements">The elements of the sets of <see cref="ProxySet"/>; those of a damaged table may be missing.</param>
internal sealed record ProxyTableContent(
    string Layout,
    IReadOnlyDictionary<uint, BalanceClass> Classes,
    IReadOnlyList<ProxyElement> Elements);
