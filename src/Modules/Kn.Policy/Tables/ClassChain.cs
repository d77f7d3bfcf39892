using Kn.Linux.Nftables;
using Kn.Policy.Peers;

namespace Kn.Policy.Tables;

/// <summary>The chain of a class: who the other end is, what that one may use, and whether this is it.</summary>
internal static class ClassChain
{
    /// <summary>What nft takes: 127 bytes. Names of objects are ASCII.</summary>
    private const int LongestComment = 120;

    /// <summary>Whether a name is that of a class: nothing else in the table begins like this.</summary>
    public static bool IsName(string name) => name.StartsWith("in-", StringComparison.Ordinal) || name.StartsWith("out-", StringComparison.Ordinal);

    /// <summary>The chain.</summary>
    public static NftChain Of(ClassState state)
    {
        var anybody = NftRule.Of(Statement.SetPriority(state.Anybody.Number));
        if (state.Anybody == ProfileTable.Yes)
        {
            return NftChain.Of(state.Name, anybody) with { Comment = CommentOf(state) };
        }

        var rules = new List<NftRule>
        {
            NftRule.Of(Verdict.Jump(PolicyRuleset.WhoChain(state.Content.Direction))),
            NftRule.Of(Statement.SetPriority(PolicySchema.MapOf(state), Field.Priority), Verdict.Goto(PolicyRuleset.PortsChain)),
        };
        if (state.AnyPod != state.Anybody)
        {
            rules.Add(NftRule.Of(
                Match.Masked(Field.Priority, Identity.PodBit, Identity.PodBit),
                Statement.SetPriority(state.AnyPod.Number),
                Verdict.Goto(PolicyRuleset.PortsChain)));
        }

        rules.Add(anybody);
        if (state.Anybody != ProfileTable.None)
        {
            rules.Add(NftRule.Of(Verdict.Goto(PolicyRuleset.PortsChain)));
        }

        return NftChain.Of(state.Name, rules.ToArray()) with { Comment = CommentOf(state) };
    }

    /// <summary>Whose class it is, for who reads the table.</summary>
    private static string CommentOf(ClassState state)
    {
        var policies = state.Content.Policies.IsEmpty ? "no rules" : string.Join(", ", (IEnumerable<Kubernetes.Objects.ObjectKey>)state.Content.Policies);
        return policies.Length <= LongestComment ? policies : policies[..(LongestComment - 3)] + "...";
    }
}
