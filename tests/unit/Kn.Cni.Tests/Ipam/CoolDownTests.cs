using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Tests.Ipam;

public sealed class CoolDownTests
{
    private static readonly TimeSpan CoolDown = TimeSpan.FromSeconds(30);
    private readonly ManualTime _time = new();

    [Fact]
    public void CoolingAddress_IsPassedOver_UntilItHasCooled()
    {
        var allocator = Allocator("10.0.0.0/29");
        var all = Enumerable.Range(0, 6).Select(_ => allocator.Take()).ToList();
        allocator.Free(all[0]);
        _time.Advance(TimeSpan.FromSeconds(20));
        allocator.Free(all[3]);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([IpAddress.Parse("10.0.0.1")], allocator.Take());
        Assert.Equal((5, 1, 1, 0), (allocator.Usage[0].Taken, allocator.Usage[0].Free, allocator.Usage[0].Cooling, allocator.Usage[0].TakenEarly));
    }

    [Fact]
    public void WhenOnlyCoolingAddressesAreLeft_TheOneThatCooledLongestIsGiven()
    {
        var allocator = Allocator("10.0.0.0/29");
        var all = Enumerable.Range(0, 6).Select(_ => allocator.Take()).ToList();
        foreach (var index in (int[])[4, 1, 2])
        {
            allocator.Free(all[index]);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([all[4], all[1], all[2]], Enumerable.Range(0, 3).Select(_ => allocator.Take()));
        Assert.Equal(3, allocator.Usage[0].TakenEarly);
        Assert.Equal(CniErrorCode.AddressesExhausted, Assert.Throws<CniException>(() => allocator.Take()).Code);
        Assert.Equal(3, allocator.Usage[0].TakenEarly);
    }

    [Fact]
    public void CoolDown_GoesOnAfterARestart_AndAClockSetBackDoesNotProlongIt()
    {
        var allocator = Allocator("10.0.0.0/29");
        allocator.ContinueCooling(IpAddress.Parse("10.0.0.1"), _time.GetUtcNow() - TimeSpan.FromSeconds(20));
        allocator.ContinueCooling(IpAddress.Parse("10.0.0.2"), _time.GetUtcNow() - TimeSpan.FromSeconds(40));
        allocator.ContinueCooling(IpAddress.Parse("10.0.0.3"), _time.GetUtcNow() + TimeSpan.FromHours(5));
        Assert.Equal(2, allocator.Usage[0].Cooling);
        Assert.Equal([IpAddress.Parse("10.0.0.2")], allocator.Take());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, allocator.Usage[0].Cooling);
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(0, allocator.Usage[0].Cooling);
    }

    [Fact]
    public void AddressAskedFor_IsGivenWhileItCools_AndCoolsAnewAfterwards()
    {
        var allocator = Allocator("10.0.0.0/29");
        var wish = new AddressRequest([IpAddress.Parse("10.0.0.5")], "the runtime");
        allocator.Free(allocator.Take(wish));
        _time.Advance(TimeSpan.FromSeconds(20));
        allocator.Free(allocator.Take(wish));
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(1, allocator.Usage[0].Cooling);
        Assert.True(allocator.TryWarm(IpAddress.Parse("10.0.0.5")));
        Assert.False(allocator.TryWarm(IpAddress.Parse("10.0.0.5")));
        Assert.Equal([IpAddress.Parse("10.0.0.1")], allocator.Take());
    }

    [Fact]
    public void RefusedRequest_TakesNothing_OfAnyFamily()
    {
        var allocator = new AddressAllocator(new IpamOptions { Reserved = [IpRange.Parse("fd00::5")] }, _time);
        allocator.UsePrefixes([IpPrefix.Parse("10.0.0.0/24"), IpPrefix.Parse("fd00::/64")]);
        var refusal = Assert.Throws<CniException>(() => allocator.Take(new AddressRequest([IpAddress.Parse("10.0.0.9"), IpAddress.Parse("fd00::5")], "the runtime")));
        Assert.Equal(CniErrorCode.AddressRefused, refusal.Code);
        Assert.Empty(allocator.Taken);
        Assert.Equal([0, 0], allocator.Usage.Select(static usage => usage.Cooling));
    }

    [Fact]
    public void ReservedLater_StaysWithItsPod_AndIsNotGivenAgain()
    {
        var allocator = Allocator("10.0.0.0/29");
        Assert.True(allocator.TryAdopt([IpAddress.Parse("10.0.0.1")]));
        allocator.UsePrefixes([IpPrefix.Parse("10.0.0.0/29")], ofNode: [IpAddress.Parse("10.0.0.1"), IpAddress.Parse("10.0.0.2")]);
        Assert.Equal((1, 4, 2), (allocator.Usage[0].Taken, allocator.Usage[0].Free, allocator.Usage[0].Reserved));
        Assert.Equal([IpAddress.Parse("10.0.0.3")], allocator.Take());
        allocator.Free([IpAddress.Parse("10.0.0.1")]);
        Assert.Equal((1, 3), (allocator.Usage[0].Taken, allocator.Usage[0].Free));
    }

    private AddressAllocator Allocator(string prefix)
    {
        var allocator = new AddressAllocator(new IpamOptions { CoolDown = CoolDown }, _time);
        allocator.UsePrefixes([IpPrefix.Parse(prefix)]);
        return allocator;
    }
}
