using Kn.Linux.Nftables;
using Kn.Linux.Tests.Nftables;

namespace Kn.Linux.NetnsTests.Nftables;

/// <summary>Batches and dumps against the kernel, and against what nft 1.0.6 lists. Needs root.</summary>
public sealed class NftSocketTests : IDisposable
{
    private static readonly NftTableId Table = new(NftFamily.Inet, "kn-test");
    private readonly NftNamespace _ns = new();

    public void Dispose() => _ns.Dispose();

    [Fact]
    public void ServiceLayout_ReadsBackAsDeclared()
    {
        var table = ServiceExample.Build();

        Assert.Equal(NftOutcome.Applied, _ns.Socket.Apply(new NftBatch().AddWhole(table)));

        AssertSame(table, _ns.Socket.ReadTable(NftFamily.Inet, ServiceExample.Name)!);
    }

    private static void AssertSame(NftTable expected, NftTable actual)
    {
        var (left, right) = (expected.AsDeclared(), actual.AsDeclared());
        Assert.Equal(left.Sets.Select(set => set.Name), right.Sets.Select(set => set.Name));
        foreach (var (a, b) in left.Sets.Zip(right.Sets))
        {
            Assert.Equal(a, b);
        }

        Assert.Equal(left.Chains.Select(chain => chain.Name), right.Chains.Select(chain => chain.Name));
        foreach (var (a, b) in left.Chains.Zip(right.Chains))
        {
            Assert.Equal(a.Rules.Select(rule => rule.ToString()), b.Rules.Select(rule => rule.ToString()));
            Assert.Equal(a, b);
        }

        Assert.Equal(left, right);
    }
}
