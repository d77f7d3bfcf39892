using Kn.Kubernetes.Cache;
using Kn.Linux.Nftables;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy.Tests;

/// <summary>The table with rules and elements, as the kernel has it: what is printed, and what packets are walked through.</summary>
internal static class WholeTable
{
    /// <summary>The table that the plan of a cluster makes from nothing; chains of classes that no list is of are left out.</summary>
    public static async Task<NftTable> OfAsync(ClusterSnapshot cluster, ProxyNode? node = null)
    {
        var table = new StrictProxyTable();
        await new TestLoop(table, node).ResyncAsync(cluster);
        return Of(table.Read()!, (node ?? Build.ThisNode).Options);
    }

    public static NftTable Of(ProxyTableContent content, ServiceProxyOptions options, bool withUnusedClasses = false)
    {
        var made = ProxyRules.Static(content.Layout, options);
        var used = content.Elements.Where(static element => element.Set == ProxySet.Lists).Select(static element => element.Element.Data.ToUInt32()).ToHashSet();
        var classes = content.Classes.Where(pair => withUnusedClasses || used.Contains(pair.Key)).Select(static pair => new NewClass(pair.Key, pair.Value)).OrderBy(static added => added.Number).ToArray();
        var elements = content.Elements.ToLookup(static element => element.Set.Name(), static element => element.Element, StringComparer.Ordinal);
        return made with
        {
            Sets = made.Sets.Select(set => set with { Elements = Sorted(set, set.Elements.Concat(elements[set.Name]).Concat(Dispatch(set, classes))) }).ToValueList(),
            Chains = made.Chains.Concat(classes.Select(static added => ClassChain.Of(added.Class))).ToValueList(),
        };
    }

    private static IEnumerable<NftElement> Dispatch(NftSet set, NewClass[] classes) =>
        ReferenceEquals(set.Key, ProxySchema.Dispatch.Key) && set.Name == ProxySchema.Dispatch.Name ? classes.Select(ProxyRules.DispatchOf) : [];

    /// <summary>Numbers are in the machine's byte order: they are sorted as numbers, everything else as bytes.</summary>
    private static ValueList<NftElement> Sorted(NftSet set, IEnumerable<NftElement> elements) => set.Key.Fields[0].Type.Name == "classid"
        ? elements.OrderBy(static element => Word(element, 0)).ThenBy(static element => Word(element, 4)).ToValueList()
        : elements.OrderBy(static element => element.Key).ToValueList();

    private static uint Word(NftElement element, int at) => element.Key.Length <= at ? 0 : NftValue.Of(element.Key.Bytes.Slice(at, 4)).ToUInt32();
}
