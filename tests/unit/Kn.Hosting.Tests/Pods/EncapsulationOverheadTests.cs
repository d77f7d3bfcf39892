using Kn.Hosting.Pods;
using Kn.Primitives;

namespace Kn.Hosting.Tests.Pods;

public sealed class EncapsulationOverheadTests
{
    [Fact]
    public void Change_IsToldOnce()
    {
        var overhead = new EncapsulationOverhead();
        var told = new List<uint>();
        overhead.Changed += () => told.Add(overhead.Bytes);
        overhead.Set(0);
        overhead.Set(50);
        overhead.Set(50);
        overhead.Set(0);
        Assert.Equal([50u, 0u], told);
    }

    [Theory]
    [InlineData("10.244.0.0/24", true)]
    [InlineData("100.64.0.0/10", true)]
    [InlineData("fd00::/8", true)]
    [InlineData("2001:db8::/64", true)]
    [InlineData("0.0.0.0/0", false)]
    [InlineData("126.0.0.0/7", false)]
    [InlineData("169.254.0.0/24", false)]
    [InlineData("255.255.255.0/24", false)]
    [InlineData("::/0", false)]
    [InlineData("fe80::/64", false)]
    [InlineData("ff02::/16", false)]
    [InlineData("::ffff:10.0.0.0/104", false)]
    public void PodCidr_IsOneThatPodsCanHave(string prefix, bool isOne) => Assert.Equal(isOne, PodCidrRules.Fault(IpPrefix.Parse(prefix)) is null);
}
