using System.Text;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Tests.Api;

public sealed class LoadBalancerStatusTests
{
    private static readonly ObjectMeta s_metadata = new() { Uid = "u", ResourceVersion = "7" };

    [Fact]
    public void Entries_AreWrittenOverTheVersionThatWasSeen() => Assert.Equal(
        """{"metadata":{"uid":"u","resourceVersion":"7"},"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1","ipMode":"VIP"},{"hostname":"lb.example"}]}}}""",
        Encoding.UTF8.GetString(LoadBalancerStatus.Patch(s_metadata, [new(IpAddress.Parse("192.0.2.1"), IpMode: "VIP"), new(null, "lb.example")]).Span));

    [Fact]
    public void NoEntries_TakeTheListAway() => Assert.Equal(
        """{"metadata":{"uid":"u","resourceVersion":"7"},"status":{"loadBalancer":{"ingress":null}}}""",
        Encoding.UTF8.GetString(LoadBalancerStatus.Patch(s_metadata, []).Span));

    [Theory]
    [InlineData("\"192.0.2.7\"", "192.0.2.7")]
    [InlineData("\"2001:db8::7\"", "2001:db8::7")]
    [InlineData("\"anything\"", null)]
    [InlineData("\"\"", null)]
    [InlineData("null", null)]
    public void LoadBalancerIp_IsReadWhereItIsAnAddress(string json, string? expected)
    {
        var service = ResourceKinds.Services.Decode(Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"s"},"spec":{"loadBalancerIP":{{{json}}},"ipFamilyPolicy":"RequireDualStack"}}"""), new StringPool());
        Assert.Equal(expected, service.LoadBalancerIp?.ToString());
        Assert.True(service.RequiresDualStack);
    }
}
