using System.Runtime.CompilerServices;
using System.Text;

namespace Kn.Policy.Tests;

/// <summary>The table of some cases as text, in Cases/NAME/expected.nft; written anew only with KN_UPDATE_GOLDEN=1.</summary>
/// <remarks>The case without policies shows the whole table. The others show the blocks that it does not have like this.</remarks>
public sealed class GoldenTests
{
    private const string Whole = "without policies everything passes";

    /// <summary>Some case with a policy: packets come by.</summary>
    private const string Guarded = "policies add up";

    private static readonly Dictionary<string, string> Chosen = new(StringComparer.Ordinal)
    {
        ["no-policies"] = Whole,
        ["policies-add-up"] = "policies add up",
        ["peers-by-both-selectors"] = "both selectors in one peer must hold",
        ["overlapping-blocks"] = "overlapping blocks add up, each with its ports",
        ["pods-in-blocks"] = "ipBlock means pods, too",
        ["ranges-of-ports"] = "overlapping ranges",
        ["named-ports-ingress"] = "a named port is the receiving pod's, ingress",
        ["every-pod"] = "an empty namespaceSelector means all pods, and nobody else",
        ["named-ports-egress"] = "a named port differs from pod to pod, egress",
        ["default-deny"] = "default deny isolates every pod but those of exempt namespaces",
    };

    public static TheoryData<string> Names => [.. Chosen.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task Table_IsAsExpected(string name)
    {
        var text = await TextAsync(Cases.All[Chosen[name]]);
        text = Chosen[name] == Whole ? text : Variable(text, await TextAsync(Cases.All[Whole]));
        await Check(name, text);
    }

    [Fact]
    public async Task GuardedNode_HasAnInputChain() =>
        await Check("guarded-node", Variable(await TextAsync(Cases.All[Guarded] with { Options = new PolicyOptions { GuardOwnNode = true } }), await TextAsync(Cases.All[Guarded])));

    [Fact]
    public void EveryFile_HasItsCase() => Assert.Equal(
        Chosen.Keys.Append("guarded-node").Order(StringComparer.Ordinal),
        Directory.GetFiles(Folder(), "expected.nft", SearchOption.AllDirectories).Select(static path => new FileInfo(path).Directory!.Name).Order(StringComparer.Ordinal));

    private static async Task Check(string name, string text)
    {
        var path = Path.Combine(Folder(), name, "expected.nft");
        if (Environment.GetEnvironmentVariable("KN_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, text);
        }

        Assert.Equal(await File.ReadAllTextAsync(path), text);
    }

    private static async Task<string> TextAsync(PolicyCase row) =>
        Linux.Nftables.Text.NftText.Of((await TestLoop.FromNothingAsync(row.Cluster, "n1", row.Options)).AsDeclared());

    /// <summary>The blocks that the other table does not have like this.</summary>
    private static string Variable(string text, string without)
    {
        var constant = Blocks(without).ToHashSet(StringComparer.Ordinal);
        return new StringBuilder(text.Split('\n')[0]).Append('\n').AppendJoin('\n', Blocks(text).Where(block => !constant.Contains(block))).Append("}\n").ToString();
    }

    private static IEnumerable<string> Blocks(string text)
    {
        var block = new StringBuilder();
        foreach (var line in text.Split('\n').SkipWhile(static line => !line.EndsWith(" {", StringComparison.Ordinal) || line[0] != '\t'))
        {
            if (line is "" or "}")
            {
                continue;
            }

            block.Append(line).Append('\n');
            if (line == "\t}")
            {
                yield return block.ToString();
                block.Clear();
            }
        }
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Cases");
}
