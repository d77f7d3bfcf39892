using FsCheck;
using FsCheck.Fluent;
using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Tests.Plain;

public sealed class RangeSetTests
{
    [Fact]
    public void ASubnet_GivesOutAllButNetworkBroadcastAndGateway()
    {
        var set = Set(("10.1.2.0/29", null, null, null));
        Assert.Equal(["10.1.2.2", "10.1.2.3", "10.1.2.4", "10.1.2.5", "10.1.2.6"], Order(set, null));
        Assert.Equal((UInt128)5, set.Size);
        Assert.Equal("10.1.2.1-10.1.2.6", set.ToString());
    }

    [Fact]
    public void AnIPv6Subnet_HasNoBroadcastAddress() =>
        Assert.Equal(["fd00::2", "fd00::3"], Order(Set(("fd00::/126", null, null, null)), null));

    [Theory]
    [InlineData(null, "10.1.2.2 10.1.2.3 10.1.2.4 10.9.0.8 10.9.0.9")]
    [InlineData("10.1.2.3", "10.1.2.4 10.9.0.8 10.9.0.9 10.1.2.2 10.1.2.3")]
    [InlineData("10.1.2.4", "10.9.0.8 10.9.0.9 10.1.2.2 10.1.2.3 10.1.2.4")]
    [InlineData("10.9.0.9", "10.1.2.2 10.1.2.3 10.1.2.4 10.9.0.8 10.9.0.9")]
    [InlineData("192.0.2.1", "10.1.2.2 10.1.2.3 10.1.2.4 10.9.0.8 10.9.0.9")]
    [InlineData("fd00::1", "10.1.2.2 10.1.2.3 10.1.2.4 10.9.0.8 10.9.0.9")]
    public void TheSearch_GoesRoundOverAllRanges(string? last, string expected)
    {
        var set = Set(("10.1.2.0/24", "10.1.2.1", "10.1.2.4", null), ("10.9.0.0/16", "10.9.0.8", "10.9.0.9", null));
        Assert.Equal(expected.Split(' '), Order(set, last));
    }

    [Fact]
    public void AnySearch_NamesEachAddressOnce() => Prop.ForAll(
        Gen.Choose(1, 6).SelectMany(static first => Gen.Choose(first, 6).Select(last => (first, last))).ToArbitrary(),
        Gen.Choose(0, 7).ToArbitrary(),
        Gen.Choose(1, 6).ToArbitrary(),
        static (range, last, gateway) =>
        {
            var set = Set(("10.1.2.0/29", $"10.1.2.{range.first}", $"10.1.2.{range.last}", $"10.1.2.{gateway}"));
            var found = Order(set, $"10.1.2.{last}");
            var expected = Enumerable.Range(range.first, range.last - range.first + 1).Where(number => number != gateway).Select(static number => $"10.1.2.{number}");
            return found.Order(StringComparer.Ordinal).SequenceEqual(expected) && (int)set.Size == found.Length;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void AGatewayElsewhere_LeavesTheFirstAddressFree() =>
        Assert.Equal("10.1.2.1", Order(Set(("10.1.2.0/24", null, null, "10.1.2.254")), null)[0]);

    [Fact]
    public void ALargeIPv6Subnet_IsSearchedFromItsStart() =>
        Assert.Equal("fd00::2", Set(("fd00::/64", null, null, null)).After(null).First().Address.ToString());

    [Theory]
    [InlineData("10.1.2.0/31")]
    [InlineData("10.1.2.1/32")]
    [InlineData("fd00::/127")]
    public void ASubnetWithoutRoom_IsRefused(string subnet) =>
        Assert.Contains("too small", Assert.Throws<CniException>(() => Set((subnet, null, null, null))).Message, StringComparison.Ordinal);

    [Fact]
    public void RangesThatOverlap_AreRefused() => Assert.Contains(
        "overlap",
        Assert.Throws<CniException>(static () => Set(("10.1.2.0/24", null, "10.1.2.9", null), ("10.1.2.0/24", "10.1.2.9", null, null))).Message,
        StringComparison.Ordinal);

    private static RangeSet Set(params (string Subnet, string? First, string? Last, string? Gateway)[] ranges) =>
        new(ranges.Select(static range => new AddressRange(IpPrefix.Parse(range.Subnet), Address(range.First), Address(range.Last), Address(range.Gateway))).ToValueList(), "ipam");

    private static IpAddress? Address(string? text) => text is null ? null : IpAddress.Parse(text);

    private static string[] Order(RangeSet set, string? last) => [.. set.After(Address(last)).Select(static found => found.Address.ToString())];
}
