using System.Text.Json;

namespace Kn.LoadBalancer.Tests;

/// <summary>The options as the config file has them.</summary>
public sealed class OptionsTests
{
    [Fact]
    public void APoolThatSaysNothing_HasTheDefaults()
    {
        var pool = JsonSerializer.Deserialize("{}", LoadBalancerJson.Default.PoolOptions)!;
        Assert.Equal(("", true, AnnounceWay.Arp, 0u), (pool.Name, pool.AutoAssign, pool.Announce, pool.Priority));
    }
}
