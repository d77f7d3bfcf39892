using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Tests.Json;

public sealed class NetworkPolicyTests
{
    [Theory]
    [InlineData("", true, false)]
    [InlineData("\"policyTypes\":[]", true, false)]
    [InlineData("\"policyTypes\":null,\"egress\":[]", true, false)]
    [InlineData("\"egress\":[{}]", true, true)]
    [InlineData("\"policyTypes\":[\"Ingress\"],\"egress\":[{}]", true, false)]
    [InlineData("\"policyTypes\":[\"Egress\"],\"ingress\":[{}]", false, true)]
    [InlineData("\"policyTypes\":[\"Egress\",\"Ingress\"]", true, true)]
    public void PolicyTypes_AreDefaulted(string spec, bool ingress, bool egress)
    {
        var policy = Decode($"{{{spec}}}");
        Assert.Equal((ingress, egress), (policy.IsolatesIngress, policy.IsolatesEgress));
    }

    [Fact]
    public void AbsentSelector_IsNotAnEmptyOne()
    {
        var peers = Decode("""{"ingress":[{"from":[{"namespaceSelector":{}},{"podSelector":{"matchLabels":{},"matchExpressions":[]}},{"podSelector":null,"namespaceSelector":{}}]}]}""").Ingress[0].Peers;
        Assert.Equal([new(null, LabelSelector.Everything), new(LabelSelector.Everything), new(null, LabelSelector.Everything)], peers);
    }

    [Fact]
    public void NullLabels_DoNotHideWhatFollows() => Assert.Equal(
        ValueMap.Of(("a", "b")),
        Samples.Decode(ResourceKinds.NetworkPolicies, """{"metadata":{"labels":null,"name":"p","annotations":{"a":"b"}}}""").Metadata.Annotations);

    [Theory]
    [InlineData("""{"ports":[{"protocol":"ICMP","port":8}]}""")]
    [InlineData("""{"ports":[{"protocol":"QUIC"}]}""")]
    public void UnknownProtocol_IsKept_AsOneThatAllowsNothing(string rule) =>
        Assert.Null(Assert.Single((IEnumerable<NetworkPolicyPort>)Decode($"{{\"ingress\":[{rule}]}}").Ingress[0].Ports).Protocol);

    [Fact]
    public void UnknownPeer_IsKept_AsOneThatMatchesNothing() =>
        Assert.Equal([new NetworkPolicyPeer()], Decode("""{"ingress":[{"from":[{"fqdn":"example.org"}]}]}""").Ingress[0].Peers);

    [Fact]
    public void UnknownOperator_MatchesNothing()
    {
        var selector = Decode("""{"podSelector":{"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]}}""").PodSelector;
        Assert.False(selector.Matches(ValueMap.Of(("a", "2"))));
    }

    [Theory]
    [InlineData("""{"ingress":[{"ports":[{"port":70000}]}]}""", "spec.ingress[0].ports[0].port")]
    [InlineData("""{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/40"}}]}]}""", "spec.ingress[0].from[0].ipBlock.cidr")]
    [InlineData("""{"podSelector":"app=web"}""", "spec.podSelector")]
    public void WrongValue_IsAnErrorThatNamesItsField(string spec, string field)
    {
        var error = Assert.Throws<ObjectDecodeException>(() => Decode(spec));
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LabelOperator.In, "a", "x", true)]
    [InlineData(LabelOperator.In, "a", "z", false)]
    [InlineData(LabelOperator.In, "b", "x", false)]
    [InlineData(LabelOperator.NotIn, "a", "x", false)]
    [InlineData(LabelOperator.NotIn, "a", "z", true)]
    [InlineData(LabelOperator.NotIn, "b", "x", true)]
    [InlineData(LabelOperator.Exists, "a", null, true)]
    [InlineData(LabelOperator.Exists, "b", null, false)]
    [InlineData(LabelOperator.DoesNotExist, "a", null, false)]
    [InlineData(LabelOperator.DoesNotExist, "b", null, true)]
    public void Requirement_HoldsAsTheApiSays(LabelOperator @operator, string key, string? value, bool holds)
    {
        ValueList<string> values = value is null ? [] : [value, "y"];
        Assert.Equal(holds, new LabelRequirement(key, @operator, values).Matches(ValueMap.Of(("a", "x"))));
    }

    private static NetworkPolicy Decode(string spec) =>
        Samples.Decode(ResourceKinds.NetworkPolicies, $$$"""{"metadata":{"name":"p","namespace":"ns"},"spec":{{{spec}}}}""");
}
