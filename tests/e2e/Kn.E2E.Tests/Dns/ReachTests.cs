using Kn.E2E.Tests.Framework;

namespace Kn.E2E.Tests.Dns;

/// <summary>Names and what they lead to change together. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class ReachTests(SpecificationLab lab)
{
    /// <summary>On each node, programs look a name up until it is there, and connect once: with a resolver that knows before the Service proxy does, some would fail.</summary>
    [Fact]
    [Conformance("dns", "Clients")]
    public async Task Name_ThatResolves_IsReachedAtOnce()
    {
        for (var round = 0; round < 6; round++)
        {
            var (name, family) = ($"new{round}", round % 2 == 0 ? 4 : 6);
            await lab.SliceAsync(name, $"{{addresses: [{lab.PodIp("a")}]}}");
            await lab.SliceAsync(name, $"{{addresses: [\"{lab.PodIp("a", Primitives.IpFamily.V6)}\"]}}", Primitives.IpFamily.V6);
            var reaching = SpecificationLab.Clients.SelectMany(client => ((Resolver[])[Resolver.Glibc, Resolver.Musl])
                .Select(by => lab.From(client).RunAsync(lab.Programs[by], "reach", $"{family}", DnsLab.Name(name) + ".", "80"))).ToArray();
            await AskingAsync(family);
            await lab.ServiceAsync(name, "");
            Assert.All(await Task.WhenAll(reaching), static result => Assert.Equal("connected\n", result.Output));
            await lab.RemoveServiceAsync(name);
        }
    }

    [Fact]
    [Conformance("dns", "Clients")]
    public async Task Names_ComeAndGo_WithWhatTheyStandFor()
    {
        await lab.ServiceAsync("moving", "clusterIP: None", DnsLab.Elsewhere);
        var name = DnsLab.Name("moving", DnsLab.Elsewhere);
        foreach (var (endpoints, expected) in ((string, string)[])[("{addresses: [10.250.1.1], hostname: one}", "10.250.1.1"), ("{addresses: [10.250.1.2], hostname: two}, {addresses: [10.250.1.3]}", "10.250.1.2 10.250.1.3")])
        {
            await lab.SliceAsync("moving", endpoints, space: DnsLab.Elsewhere);
            await FoundAsync(Resolver.Glibc, name, expected);
            await FoundAsync(Resolver.Musl, name, expected);
            await lab.Client.EnsureDeletedAsync(Lab.Api.ApiResources.EndpointSlices, DnsLab.Elsewhere, "moving-4", null, CancellationToken.None);
            await FoundAsync(Resolver.Musl, name, "EAI_NONAME");
        }

        (await lab.From("client1").AskAsync(Resolver.Kdig, "two." + name)).HasNoName();
        await lab.RemoveServiceAsync("moving", DnsLab.Elsewhere);
        await lab.CreateAllAsync("", "{apiVersion: v1, kind: Namespace, metadata: {name: brief}}");
        await StatusAsync("brief.svc.cluster.local", "NOERROR");
        await lab.Client.EnsureDeletedAsync(Lab.Api.ApiResources.Namespaces, null, "brief", null, CancellationToken.None);
        await StatusAsync("brief.svc.cluster.local", "NXDOMAIN");
    }

    /// <summary>Until there are questions on each node.</summary>
    private Task AskingAsync(int family) => Task.WhenAll(Enumerable.Range(1, 3).Select(async node =>
    {
        var metric = $"kn_dns_requests_total{{proto=\"udp\",type=\"{(family == 4 ? "A" : "AAAA")}\"}}";
        var before = await lab.MetricAsync(node, metric);
        await LabFixture.UntilAsync("questions", async () => await lab.MetricAsync(node, metric) > before + 10);
    }));

    private Task FoundAsync(Resolver by, string name, string expected) => Task.WhenAll(SpecificationLab.Clients.Select(client =>
        LabFixture.UntilAsync($"{client}: {expected}", async () => await lab.From(client).HostsAsync(by, name + ".", 4) == expected)));

    private Task StatusAsync(string name, string expected) => Task.WhenAll(SpecificationLab.Clients.Select(client =>
        LabFixture.UntilAsync($"{client}: {expected}", async () => (await lab.From(client).AskAsync(Resolver.Dig, name)).Status == expected)));
}
