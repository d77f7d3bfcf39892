using Kn.Hosting.Agent;

namespace Kn.Hosting.Tests.Agent;

public sealed class MemoryTrimTests
{
    private long _allocated;
    private int _collections;

    [Fact]
    public void ABurst_IsCollectedOnce_WhenItIsOver()
    {
        var trim = new MemoryTrim(TimeProvider.System, () => _allocated, () => _collections++);
        Assert.False(Look(trim, 10 << 20));
        Assert.False(Look(trim, 5 << 20));
        Assert.True(Look(trim, 1000));
        Assert.False(Look(trim, 1000));
        Assert.Equal(1, _collections);
    }

    [Fact]
    public void ATrickle_IsCollectedWhenItHasBecomeMuch()
    {
        var trim = new MemoryTrim(TimeProvider.System, () => _allocated, () => _collections++);
        const int Trickle = 200 << 10;
        var looks = Enumerable.Range(0, 100).Count(_ => Look(trim, Trickle));
        Assert.Equal(100 * Trickle / (4 << 20), looks);
    }

    [Fact]
    public void SteadyWork_IsNeverInterrupted()
    {
        var trim = new MemoryTrim(TimeProvider.System, () => _allocated, () => _collections++);
        Assert.DoesNotContain(true, Enumerable.Range(0, 100).Select(_ => Look(trim, 1 << 20)));
    }

    private bool Look(MemoryTrim trim, long allocated)
    {
        _allocated += allocated;
        return trim.Look();
    }
}
