using System.Runtime.CompilerServices;
using System.Text;
using Kn.Linux.Nftables.Text;

namespace Kn.ServiceProxy.Tests;

/// <summary>The table of each case as text, in Cases/NAME/expected.nft; written anew only with KN_UPDATE_GOLDEN=1.</summary>
/// <remarks>The case "nothing" shows the whole table. The others show what depends on the cluster: sets that have elements, and the
/// chains of classes.</remarks>
public class GoldenTests
{
    private const string Whole = "nothing";

    public static TheoryData<string> Names => Cases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Table_IsAsExpected(string name)
    {
        var text = NftText.Of(await WholeTable.OfAsync(Cases.All[name]));
        text = name == Whole ? text : Variable(text, NftText.Of(await WholeTable.OfAsync(Cases.All[Whole])));
        var path = Path.Combine(Folder(), name, "expected.nft");
        if (Environment.GetEnvironmentVariable("KN_UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, text);
        }

        Assert.Equal(await File.ReadAllTextAsync(path), text);
    }

    [Fact]
    public void EveryCase_HasItsFile_AndEveryFileItsCase() => Assert.Equal(
        Cases.All.Keys.Order(StringComparer.Ordinal),
        Directory.GetFiles(Folder(), "expected.nft", SearchOption.AllDirectories).Select(static path => new FileInfo(path).Directory!.Name).Order(StringComparer.Ordinal));

    /// <summary>The blocks that the table without Services does not have like this.</summary>
    private static string Variable(string text, string without)
    {
        var constant = Blocks(without).ToHashSet(StringComparer.Ordinal);
        var variable = new StringBuilder(text.Split('\n')[0]).Append('\n');
        return variable.AppendJoin('\n', Blocks(text).Where(block => !constant.Contains(block))).Append("}\n").ToString();
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
