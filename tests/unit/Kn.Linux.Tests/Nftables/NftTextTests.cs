using System.Runtime.CompilerServices;
using Kn.Linux.Nftables;
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

    /// <summary>As nft 1.0.6 lists it: the kernel compares intervals as bytes, so nft takes their numbers to be in network order.</summary>
    [Fact]
    public void NumbersOfIntervals_AreInNetworkOrder()
    {
        var set = new NftSet("s", NftKey.Type(NftDataType.ClassId, NftDataType.Ipv4Address)) { Flags = NftSetFlags.Interval };
        byte[] first = [0, 0, 0, 0x12, 192, 0, 2, 0];
        byte[] last = [0, 0, 0, 0x12, 192, 0, 2, 255];
        var table = new NftTable(NftFamily.Inet, "t") { Sets = [set with { Elements = [new NftElement(NftValue.Of(first)) { KeyEnd = NftValue.Of(last) }] }] };

        Assert.Contains("elements = { 0:12 . 192.0.2.0/24 }", NftText.Of(table), StringComparison.Ordinal);
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
