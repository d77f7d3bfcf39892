using Kn.Primitives;

namespace Kn.E2E.Tests.Dns;

/// <summary>Names of pods by their addresses: node1 echoes them, node2 verifies them, node3 has none. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class PodRecordTests(SpecificationLab lab)
{
    [Theory]
    [EveryResolver]
    [Conformance("dns", "Pods")]
    public async Task PodRecords_Insecure_EchoTheAddress(Resolver by)
    {
        var client = lab.From("client1");
        var known = await client.AskAllAsync(by, [(Pod("1-2-3-4"), "A"), (Pod("fd00--1"), "AAAA"), (Of("a"), "A"), (Of("a", IpFamily.V6), "AAAA")]);
        Assert.Equal([$"{Pod("1-2-3-4")}. 5 A 1.2.3.4"], known[0].Answers);
        Assert.Equal([$"{Pod("fd00--1")}. 5 AAAA fd00::1"], known[1].Answers);
        Assert.Equal([lab.PodIp("a")], known[2].Of("A"));
        Assert.Equal([lab.PodIp("a", IpFamily.V6)], known[3].Of("AAAA"));
        (await client.AskAsync(by, Pod("1-2-3-4"), "AAAA")).HasNoData();
        Assert.All(
            await client.AskAllAsync(by, [("1-2-3-4.nowhere.pod.cluster.local", "A"), (Pod("1-2-3"), "A"), (Pod("x.1-2-3-4"), "A"), (Pod("1-2-3-256"), "A")]),
            static reply => reply.HasNoName());
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Pods")]
    public async Task PodRecords_Verified_NeedAPodOfThatAddressInTheNamespace(Resolver by)
    {
        var client = lab.From("client2");
        var known = await client.AskAllAsync(by, [(Of("a"), "A"), (Of("db-1", IpFamily.V6), "AAAA")]);
        Assert.Equal([lab.PodIp("a")], known[0].Of("A"));
        Assert.Equal([lab.PodIp("db-1", IpFamily.V6)], known[1].Of("AAAA"));
        var elsewhere = DnsLab.Dashed(lab.PodIp("a")) + ".elsewhere.pod.cluster.local";
        Assert.All(await client.AskAllAsync(by, [(Pod("1-2-3-4"), "A"), (Pod("fd00--1"), "AAAA"), (elsewhere, "A")]), static reply => reply.HasNoName());
    }

    [Theory]
    [EveryResolver]
    [Conformance("dns", "Pods")]
    public async Task PodRecords_Disabled_DoNotExist(Resolver by) =>
        Assert.All(await lab.From("client3").AskAllAsync(by, [(Of("a"), "A"), (Of("a", IpFamily.V6), "AAAA"), (Pod("1-2-3-4"), "A")]), static reply => reply.HasNoName());

    private static string Pod(string label) => $"{label}.{DnsLab.Space}.pod.{DnsLab.Zone}";

    private string Of(string pod, IpFamily family = IpFamily.V4) => Pod(DnsLab.Dashed(lab.PodIp(pod, family)));
}
