using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>What answers "no" at once. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class RefusingTests(ServicesLab lab)
{
    [Fact]
    [Conformance("services", "Refusing")]
    public async Task NoEndpoints_AreRefusedAtOnce()
    {
        await using var web = await lab.ServiceAsync("type: LoadBalancer");
        await web.BalanceAsync("203.0.113.30", "fd00:113::30");
        await lab.SettleAsync();
        await Task.WhenAll(
            from family in ServicesLab.Families
            from vip in Vips((web.ClusterIp(family), 80), (lab.Node(1, family), web.NodePort), (IpAddress.Parse(family == IpFamily.V6 ? "fd00:113::30" : "203.0.113.30"), 80))
            from place in new[] { "client1", "node1", "outside" }
            where place != "outside" || vip.Address != web.ClusterIp(family)
            select AssertRefusedAsync(place, vip.Address, vip.Port));
    }

    [Fact]
    [Conformance("services", "Refusing")]
    public async Task UnknownPortOfAClusterIp_AndUnassignedClusterIp_AreRefused()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("a");
        await lab.SettleAsync();
        Assert.Equal("a", await lab.From("client1").GetAsync(web.ClusterIp(), 80));
        await Task.WhenAll(
            from address in new[] { web.ClusterIp(), web.ClusterIp(IpFamily.V6), IpAddress.Parse("10.96.255.254"), IpAddress.Parse("fd00:10:96::fffe") }
            from place in new[] { "client1", "client4", "node1" }
            select AssertRefusedAsync(place, address, 81));
    }

    private async Task AssertRefusedAsync(string place, IpAddress address, int port)
    {
        var answers = (await lab.From(place).GetAsync(address, port), await lab.From(place).KnockAsync(address, port));
        Assert.True(answers == (RealClient.Refused, RealClient.Refused), $"{place} to {address} port {port}: {answers}");
    }

    private static (IpAddress Address, int Port)[] Vips(params (IpAddress Address, int Port)[] vips) => vips;
}
