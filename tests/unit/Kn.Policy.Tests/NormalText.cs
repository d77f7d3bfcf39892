using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Text;
using Kn.Primitives;

namespace Kn.Policy.Tests;

/// <summary>A table as text that is the same for tables that judge alike: without the rules that name the generation, and without what packets fill.</summary>
internal static class NormalText
{
    public static string Of(NftTable table) => NftText.Of((table with
    {
        Sets = table.Sets.OrderBy(static set => set.Name, StringComparer.Ordinal)
            .Select(static set => set.Flags.HasFlag(NftSetFlags.Dynamic) ? set with { Elements = default } : set).ToValueList(),
        Chains = table.Chains.Select(static chain => chain.Name is "allow" or "forward" or "input" ? chain with { Rules = default } : chain).OrderBy(static chain => chain.Name, StringComparer.Ordinal).ToValueList(),
    }).AsDeclared());
}
