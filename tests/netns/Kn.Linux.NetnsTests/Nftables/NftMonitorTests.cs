using Kn.Linux.Nftables;

namespace Kn.Linux.NetnsTests.Nftables;

/// <summary>What the monitor says of changes by others. Needs root.</summary>
public sealed class NftMonitorTests : IDisposable
{
    private readonly NftNamespace _ns = new();

    public void Dispose() => _ns.Dispose();

    [Fact]
    public async Task ForeignChanges_AreReported_OurOwnAreNot()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var monitor = NftMonitor.Open(_ns.Namespace, except: _ns.Socket);
        var ours = new NftTable(NftFamily.Inet, "kn-test");
        var foreign = new NftTableId(NftFamily.Ip, "foreign");
        _ns.Socket.Apply(new NftBatch().AddWhole(ours with { Chains = [NftChain.Of("c", NftRule.Of(Verdict.Drop))] }));
        _ns.Nft("add", "table", "ip", "foreign");
        _ns.Nft("flush", "table", "inet", "kn-test");
        _ns.Nft("delete", "table", "inet", "kn-test");

        var changes = new List<NftChange>();
        await foreach (var change in monitor.ReadAllAsync(deadline.Token))
        {
            changes.Add(change);
            if (changes.Count == 3)
            {
                break;
            }
        }

        Assert.All(changes, change => Assert.False(change.IsOverflow));
        Assert.All(changes, change => Assert.Equal("nft", change.Generation.ThreadName));
        Assert.All(changes, change => Assert.NotEqual(_ns.Socket.PortId, change.PortId));
        Assert.True(changes[0].Touches(foreign) && !changes[0].Touches(ours.Id));
        Assert.True(changes[1].Touches(ours.Id) && !changes[1].Touches(foreign));
        Assert.True(changes[2].Touches(ours.Id));
        Assert.Equal(_ns.Socket.GenerationId, changes[2].Generation.Id);
    }

    /// <summary>Whoever pauses hears nothing of what happens meanwhile, and is told whether that matters.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PausedMonitor_HearsNothing_AndIsToldWhetherItMissedAnything(bool missed)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var monitor = NftMonitor.Open(_ns.Namespace);
        monitor.Pause();
        _ns.Nft("add", "table", "ip", "unheard");
        monitor.Resume();
        if (missed)
        {
            monitor.Missed();
        }

        _ns.Nft("add", "table", "ip", "heard");

        var changes = new List<NftChange>();
        await foreach (var change in monitor.ReadAllAsync(deadline.Token))
        {
            changes.Add(change);
            if (change.Touches(new NftTableId(NftFamily.Ip, "heard")) && !change.IsOverflow)
            {
                break;
            }
        }

        Assert.DoesNotContain(changes, static change => !change.IsOverflow && change.Touches(new NftTableId(NftFamily.Ip, "unheard")));
        Assert.Equal(missed ? 1 : 0, changes.Count(static change => change.IsOverflow));
    }
}
