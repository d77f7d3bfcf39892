using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.ServiceProxy.Tables;

/// <summary>Compares a table that was read with what this version makes: every set's declaration, every chain, every rule. Pure.</summary>
internal static class StaticCheck
{
    /// <summary>The content of a table; its layout says "damaged" when the static part is not as it should be.</summary>
    public static ProxyTableContent ToContent(NftTable table, NftTable expected)
    {
        if (!string.Equals(table.Comment, expected.Comment, StringComparison.Ordinal))
        {
            return Broken(table.Comment ?? "a table that says nothing of its layout");
        }

        if (ReadClasses(table) is not { } classes)
        {
            return Broken(ProxyLayout.Damaged("map dispatch"));
        }

        var chains = expected.Chains.Concat(classes.Values.Select(ClassChain.Of));
        var difference = Difference(
            Skeleton(table),
            Skeleton(expected with { Chains = chains.ToValueList() }));
        return difference is null
            ? new ProxyTableContent(table.Comment ?? "", classes, Elements(table))
            : Broken(ProxyLayout.Damaged(difference));
    }

    private static ProxyTableContent Broken(string layout) => new(layout, new Dictionary<uint, BalanceClass>(), []);

    /// <summary>The classes that have a chain; null when the map holds what Kn does not write, or lacks an empty class.</summary>
    private static Dictionary<uint, BalanceClass>? ReadClasses(NftTable table)
    {
        var classes = new Dictionary<uint, BalanceClass>();
        var empty = 0;
        foreach (var element in table.FindSet(ProxySchema.Dispatch.Name)?.Elements ?? default)
        {
            var number = element.Key.ToUInt32();
            if (BalanceClass.IsEmpty(number))
            {
                empty += element.Verdict == (BalanceClass.IsDrop(number) ? Verdict.Drop : Verdict.Goto(ProxyRules.RefuseChain)) ? 1 : 0;
            }
            else if (element.Verdict is { Kind: NftVerdictKind.Goto, Chain: { } chain }
                && BalanceClass.TryParse(chain, out var known)
                && known.Number(BalanceClass.KindOf(number)) == number)
            {
                classes.Add(number, known);
            }
            else
            {
                return null;
            }
        }

        return empty == 4 ? classes : null;
    }

    /// <summary>The table without elements, with sets and chains by name.</summary>
    private static NftTable Skeleton(NftTable table) => (table with
    {
        Sets = table.Sets.Select(static set => set with { Elements = default }).OrderBy(static set => set.Name, StringComparer.Ordinal).ToValueList(),
        Chains = table.Chains.OrderBy(static chain => chain.Name, StringComparer.Ordinal).ToValueList(),
    }).AsDeclared();

    /// <summary>Names the first difference; null when there is none.</summary>
    private static string? Difference(NftTable found, NftTable expected)
    {
        foreach (var set in expected.Sets)
        {
            if (found.FindSet(set.Name) != set)
            {
                return $"set {set.Name}";
            }
        }

        foreach (var chain in expected.Chains)
        {
            if (found.FindChain(chain.Name) != chain)
            {
                return $"chain {chain.Name}";
            }
        }

        return found == expected ? null : "foreign sets or chains";
    }

    private static List<ProxyElement> Elements(NftTable table)
    {
        var elements = new List<ProxyElement>();
        foreach (var set in ProxySets.All)
        {
            foreach (var element in table.FindSet(set.Name())?.Elements ?? default)
            {
                elements.Add(new ProxyElement(set, element));
            }
        }

        return elements;
    }
}
