using FsCheck;
using FsCheck.Fluent;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Tests.Ipam;

public sealed class AddressPoolTests
{
    [Theory]
    [InlineData("10.244.1.0/24", 254, "10.244.1.1", "10.244.1.254")]
    [InlineData("10.244.1.0/30", 2, "10.244.1.1", "10.244.1.2")]
    [InlineData("10.244.1.0/31", 2, "10.244.1.0", "10.244.1.1")]
    [InlineData("10.244.1.7/32", 1, "10.244.1.7", "10.244.1.7")]
    [InlineData("10.244.0.0/16", 65534, "10.244.0.1", "10.244.255.254")]
    [InlineData("10.244.0.0/15", 65535, "10.244.0.1", "10.244.255.255")]
    [InlineData("fd00::/64", 65535, "fd00::1", "fd00::ffff")]
    [InlineData("fd00::/126", 3, "fd00::1", "fd00::3")]
    [InlineData("fd00::/127", 2, "fd00::", "fd00::1")]
    [InlineData("fd00::5/128", 1, "fd00::5", "fd00::5")]
    public void Pool_GivesEveryUsableAddressOnce(string prefix, int size, string first, string last)
    {
        var pool = new AddressPool(IpPrefix.Parse(prefix));
        var taken = new List<IpAddress>();
        while (pool.TryTakeNext(out var address))
        {
            taken.Add(address);
        }

        Assert.Equal(size, pool.Size);
        Assert.Equal(size, taken.Count);
        Assert.Equal(size, pool.TakenCount);
        Assert.Equal(IpAddress.Parse(first), taken.Min());
        Assert.Equal(IpAddress.Parse(last), taken.Max());
        Assert.Equal(size, taken.Distinct().Count());
    }

    [Fact]
    public void FreedAddress_RestsForAWholeRound()
    {
        var pool = new AddressPool(IpPrefix.Parse("10.0.0.0/29"));
        Assert.True(pool.TryTakeNext(out var first));
        pool.Free(first);
        for (var other = 2; other <= 6; other++)
        {
            Assert.True(pool.TryTakeNext(out var next));
            Assert.Equal(IpAddress.Parse($"10.0.0.{other}"), next);
        }

        Assert.True(pool.TryTakeNext(out var again));
        Assert.Equal(first, again);
        Assert.False(pool.TryTakeNext(out _));
    }

    [Fact]
    public void RandomTakesAndFrees_NeverGiveAnAddressTwice() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll<byte[]>(static steps =>
        {
            var pool = new AddressPool(IpPrefix.Parse("10.9.8.0/28"));
            var live = new List<IpAddress>();
            foreach (var step in steps ?? [])
            {
                if ((step & 1) == 0 || live.Count == 0)
                {
                    var couldTake = pool.TryTakeNext(out var address);
                    if (couldTake == (live.Count == 14) || (couldTake && (live.Contains(address) || !pool.Prefix.Contains(address))))
                    {
                        return false;
                    }

                    if (couldTake)
                    {
                        live.Add(address);
                    }
                }
                else
                {
                    pool.Free(live[step % live.Count]);
                    live.RemoveAt(step % live.Count);
                }
            }

            return pool.TakenCount == live.Count;
        }));

    [Fact]
    public void Exhaustion_OfOneFamily_TakesNothingOfTheOther()
    {
        var allocator = new AddressAllocator();
        allocator.UsePrefixes([IpPrefix.Parse("10.0.0.0/24"), IpPrefix.Parse("fd00::/128")]);
        var taken = allocator.Take();
        Assert.Equal([IpAddress.Parse("10.0.0.1"), IpAddress.Parse("fd00::")], taken);
        var error = Assert.Throws<CniException>(() => allocator.Take());
        Assert.Equal(CniErrorCode.AddressesExhausted, error.Code);
        Assert.Contains("fd00::/128", error.Message, StringComparison.Ordinal);
        Assert.Equal([1, 1], allocator.Usage.Select(static usage => usage.Taken));
        allocator.Free(taken);
        Assert.Equal([0, 0], allocator.Usage.Select(static usage => usage.Taken));
    }

    [Fact]
    public void WithoutPodCidr_TryAgainLater() =>
        Assert.Equal(CniErrorCode.TryAgainLater, Assert.Throws<CniException>(() => new AddressAllocator().Take()).Code);

    [Fact]
    public void ChangedPodCidr_KeepsOldAddressesAndGivesNewOnes()
    {
        var allocator = new AddressAllocator();
        allocator.UsePrefixes([IpPrefix.Parse("10.0.0.0/24")]);
        var old = allocator.Take();
        allocator.UsePrefixes([IpPrefix.Parse("10.0.1.0/24")]);
        var fresh = allocator.Take();
        Assert.Equal([IpAddress.Parse("10.0.1.1")], fresh);
        Assert.False(allocator.TryAdopt(old));
        allocator.UsePrefixes([IpPrefix.Parse("10.0.0.0/24")]);
        Assert.Equal([IpAddress.Parse("10.0.0.2")], allocator.Take());
        allocator.Free(old);
        Assert.Equal(1, allocator.Usage[0].Taken);
    }

    [Fact]
    public void AdoptedAddresses_AreNotGivenAgain_WhateverComesFirst()
    {
        var adopted = new AddressAllocator();
        Assert.True(adopted.TryAdopt([IpAddress.Parse("10.0.0.1")]));
        Assert.False(adopted.TryAdopt([IpAddress.Parse("10.0.0.1")]));
        adopted.ContinueAfter([IpAddress.Parse("10.0.0.1")]);
        adopted.UsePrefixes([IpPrefix.Parse("10.0.0.0/24")]);
        Assert.Equal([IpAddress.Parse("10.0.0.2")], adopted.Take());
    }

    [Fact]
    public async Task ParallelTakes_AreAllDistinct()
    {
        var allocator = new AddressAllocator();
        allocator.UsePrefixes([IpPrefix.Parse("10.0.0.0/22"), IpPrefix.Parse("fd00::/64")]);
        var taken = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => allocator.Take())));
        Assert.Equal(400, taken.SelectMany(static addresses => addresses).Distinct().Count());
        Assert.All(taken, static addresses => Assert.Equal(2, addresses.Count));
    }
}
