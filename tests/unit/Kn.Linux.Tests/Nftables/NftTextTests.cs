using System.Runtime.CompilerServices;
using Kn.Linux.Nftables.Text;

namespace Kn.Linux.Tests.Nftables;

public sealed class NftTextTests
{
    [Fact]
    public void ServiceLayout_IsPrintedAsNftListsIt()
    {
        // Written by nft 1.0.6 from the kernel, see NftSocketTests.ServiceLayout_IsListedByNft.
        var expected = File.ReadAllText(Path.Combine(Here(), "../../../netns/Kn.Linux.NetnsTests/Nftables/Cases/services.nft"));

        Assert.Equal(Normalized(expected), Normalized(NftText.Of(ServiceExample.Build())));
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    /// <summary>The kernel gives elements in any order, and nft breaks their lines as it likes.</summary>
    private static string[] Normalized(string listing)
    {
        var lines = new List<string>();
        var open = false;
        foreach (var line in listing.Split('\n').Select(line => line.Trim()))
        {
            if (open)
            {
                lines[^1] += " " + line;
            }
            else
            {
                lines.Add(line);
            }

            open = lines[^1].StartsWith("elements = {", StringComparison.Ordinal) && !lines[^1].EndsWith('}');
        }

        return [.. lines.Select(line => !line.StartsWith("elements = {", StringComparison.Ordinal)
            ? line
            : string.Join(", ", line["elements = {".Length..].TrimEnd('}').Split(',').Select(item => item.Trim()).Order(StringComparer.Ordinal)))];
    }
}
