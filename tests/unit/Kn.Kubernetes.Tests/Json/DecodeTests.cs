using System.Buffers;
using System.Text;
using System.Text.Json;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Tests.Json;

public sealed class DecodeTests
{
    public static TheoryData<string> Kinds => [.. ResourceKinds.All.Select(static kind => kind.Name)];

    [Fact]
    public void Samples_CoverEveryKind() => Assert.Equal(ResourceKinds.All, Samples.All.Select(static sample => sample.Kind));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Json_BecomesTheRecord(string kind)
    {
        var sample = Of(kind);
        Assert.Equal(sample.Expected, sample.Kind.DecodeObject(Encoding.UTF8.GetBytes(sample.Json), new StringPool()));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encoding_RoundTrips(string kind)
    {
        var sample = Of(kind);
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            sample.Kind.Encode(writer, sample.Expected);
        }

        Assert.Equal(sample.Expected, sample.Kind.DecodeObject(buffer.WrittenSpan, new StringPool()));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnObjectCutShort_IsAlwaysADecodeError(string kind)
    {
        var sample = Of(kind);
        var bytes = Encoding.UTF8.GetBytes(sample.Json);
        for (var length = 0; length < bytes.Length; length++)
        {
            var error = Assert.Throws<ObjectDecodeException>(() => sample.Kind.DecodeObject(bytes.AsSpan(0, length), new StringPool()));
            Assert.Equal(kind, error.Kind);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnyByteChanged_IsARecordOrADecodeError(string kind)
    {
        var sample = Of(kind);
        var random = new Random(20250101);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(sample.Json);
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                sample.Kind.DecodeObject(bytes, new StringPool());
            }
            catch (ObjectDecodeException error)
            {
                Assert.NotEmpty(error.Problem);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void RandomBytes_AreADecodeError(string kind)
    {
        var random = new Random(7);
        for (var round = 0; round < 500; round++)
        {
            var bytes = new byte[random.Next(64)];
            random.NextBytes(bytes);
            Assert.Throws<ObjectDecodeException>(() => Of(kind).Kind.DecodeObject(bytes, new StringPool()));
        }
    }

    [Theory]
    [InlineData("Service", """{"metadata":{"name":"s","namespace":"ns"},"spec":{"ports":[{"port":80},{"port":"x"}]}}""", "spec.ports[1].port", "expected a number, found 'x'")]
    [InlineData("Service", """{"metadata":{"name":"s","namespace":"ns"},"spec":{"ports":[{"port":70000}]}}""", "spec.ports[0].port", "expected a port, 0 to 65535, found 70000")]
    [InlineData("Service", """{"metadata":{"name":"s","namespace":"ns"},"spec":{"ports":[{"port":1.5}]}}""", "spec.ports[0].port", "expected a whole number of 32 bits, found 1.5")]
    [InlineData("Service", """{"spec":{"ports":{}},"metadata":{"name":"s","namespace":"ns"}}""", "spec.ports", "expected an array, found an object")]
    [InlineData("Service", """{"metadata":{"name":"s","namespace":"ns"},"spec":{"clusterIPs":["10.96.0.1","10.96.0.256"]}}""", "spec.clusterIPs[1]", "expected an IP address, found '10.96.0.256'")]
    [InlineData("Service", """{"metadata":{"name":"s","namespace":"ns"},"spec":{"ipFamilies":["IPv5"]}}""", "spec.ipFamilies[0]", "expected IPv4 or IPv6, found 'IPv5'")]
    [InlineData("Service", """{"metadata":{"name":"s","namespace":"ns"},"spec":{"ports":[{"port":1,"protocol":"ICMP"}]}}""", "spec.ports[0].protocol", "expected TCP, UDP or SCTP, found 'ICMP'")]
    [InlineData("Pod", """{"metadata":{"name":"s","namespace":"ns"},"spec":{"hostNetwork":"yes"}}""", "spec.hostNetwork", "expected true or false, found 'yes'")]
    [InlineData("Pod", """{"metadata":{"name":"s","namespace":"ns"},"spec":3}""", "spec", "expected an object, found 3")]
    [InlineData("Pod", """{"metadata":{"name":"s","namespace":"ns"},"status":{"podIPs":[{"ip":"fe80::1%eth0"}]}}""", "status.podIPs[0].ip", "expected an IP address, found 'fe80::1%eth0'")]
    [InlineData("Node", """{"metadata":{"name":"s","namespace":"ns"},"spec":{"podCIDRs":["10.0.0.0/33"]}}""", "spec.podCIDRs[0]", "expected a CIDR such as 10.244.0.0/24, found '10.0.0.0/33'")]
    [InlineData("Node", """{"metadata":{"name":"s","namespace":"ns","creationTimestamp":"yesterday"}}""", "metadata.creationTimestamp", "expected a time such as 2006-01-02T15:04:05Z, found 'yesterday'")]
    [InlineData("EndpointSlice", """{"metadata":{"name":"s","namespace":"ns"},"addressType":"IPv6","endpoints":[{"addresses":["10.0.0.1"]}]}""", "endpoints[0].addresses[0]", "expected an IPv6 address, as addressType says, found '10.0.0.1'")]
    [InlineData("EndpointSlice", """{"metadata":{"name":"s","namespace":"ns"},"addressType":"IPv7"}""", "addressType", "expected IPv4, IPv6 or FQDN, found 'IPv7'")]
    public void AWrongField_IsNamed(string kind, string json, string field, string problem)
    {
        var error = Assert.Throws<ObjectDecodeException>(() => Of(kind).Kind.DecodeObject(Encoding.UTF8.GetBytes(json), new StringPool()));
        Assert.Equal((kind, new ObjectKey("ns", "s"), field, problem), (error.Kind, error.Key, error.Field, error.Problem));
        Assert.StartsWith($"{kind} ns/s: {field}: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AHeadlessService_HasNoAddresses()
    {
        var service = Samples.Decode(ResourceKinds.Services, """{"metadata":{"name":"s"},"spec":{"clusterIP":"None","clusterIPs":["None"],"sessionAffinity":"ClientIP"}}""");
        Assert.True(service.Headless);
        Assert.True(service.ClusterIps.IsEmpty);
        Assert.Null(service.Selector);
        Assert.Equal(10800, service.ClientIpAffinitySeconds);
        Assert.Equal("ClusterIP", service.Type);
    }

    [Fact]
    public void SingularFields_StandInForPluralOnes()
    {
        Assert.Equal([IpPrefix.Parse("10.1.0.0/24")], Samples.Decode(ResourceKinds.Nodes, """{"metadata":{"name":"n"},"spec":{"podCIDR":"10.1.0.0/24"}}""").PodCidrs);
        Assert.Equal([IpAddress.Parse("10.1.0.2")], Samples.Decode(ResourceKinds.Pods, """{"metadata":{"name":"n"},"status":{"podIP":"10.1.0.2"}}""").PodIps);
        Assert.Equal([IpAddress.Parse("10.1.0.2")], Samples.Decode(ResourceKinds.Services, """{"metadata":{"name":"n"},"spec":{"clusterIP":"10.1.0.2"}}""").ClusterIps);
    }

    [Fact]
    public void NullAnywhere_IsAbsent()
    {
        var service = Samples.Decode(ResourceKinds.Services, """{"metadata":{"name":"s","labels":null},"spec":{"ports":null,"selector":null,"clusterIP":null,"type":null},"status":null}""");
        Assert.Equal(new Service { Metadata = new ObjectMeta { Name = "s" } }, service);
    }

    [Fact]
    public void AnFqdnSlice_HasNoEndpoints()
    {
        var slice = Samples.Decode(ResourceKinds.EndpointSlices, """{"metadata":{"name":"s"},"addressType":"FQDN","endpoints":[{"addresses":["example.org"]}]}""");
        Assert.Null(slice.Family);
        Assert.True(slice.Endpoints.IsEmpty);
    }

    [Fact]
    public void TriggerTime_IsKept_AndMakesNoDifference()
    {
        const string Json = """{"metadata":{"name":"s","annotations":{"a":"b","endpoints.kubernetes.io/last-change-trigger-time":"TIME"}},"addressType":"IPv4","endpoints":[]}""";
        var early = Samples.Decode(ResourceKinds.EndpointSlices, Json.Replace("TIME", "2026-03-01T12:00:00.123456789Z", StringComparison.Ordinal));
        var late = Samples.Decode(ResourceKinds.EndpointSlices, Json.Replace("TIME", "2026-03-01T12:00:05Z", StringComparison.Ordinal));
        var none = Samples.Decode(ResourceKinds.EndpointSlices, Json.Replace("TIME", "yesterday", StringComparison.Ordinal));
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).AddTicks(1_234_567), early.Triggered.Time);
        Assert.Null(none.Triggered.Time);
        Assert.True(early.IsSameAs(late));
        Assert.Equal(early, late);
        Assert.Equal("b", Assert.Single(early.Metadata.Annotations).Value);
    }

    [Fact]
    public void RecurringStrings_AreOneString()
    {
        var pool = new StringPool();
        var first = ResourceKinds.Pods.Decode(Encoding.UTF8.GetBytes(Samples.PodJson), pool);
        var second = ResourceKinds.Pods.Decode(Encoding.UTF8.GetBytes(Samples.PodJson), pool);
        Assert.Same(first.NodeName, second.NodeName);
        Assert.Same(first.Metadata.Namespace, second.Metadata.Namespace);
        Assert.Same(first.Phase, second.Phase);
    }

    [Fact]
    public void ThePool_GivesTheRightString_WhateverCollides()
    {
        var pool = new StringPool();
        for (var round = 0; round < 2; round++)
        {
            for (var number = 0; number < 20_000; number++)
            {
                var text = $"name-{number}-ß";
                Assert.Equal(text, pool.Name(Encoding.UTF8.GetBytes(text)));
            }
        }
    }

    private static (ResourceKind Kind, string Json, KubernetesObject Expected) Of(string kind) => Samples.All.Single(sample => sample.Kind.Name == kind);
}
