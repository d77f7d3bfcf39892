namespace Kn.E2E.Tests.Dns;

/// <summary>Answers of all sizes, by each resolver's own ways with them. Needs root.</summary>
[Collection(SpecificationGroup.Name)]
public sealed class TransportTests(SpecificationLab lab)
{
    private static readonly string Big = DnsLab.Name("big");
    private static readonly string Middle = DnsLab.Name("middle");

    [Theory]
    [EveryTool]
    [Conformance("dns", "Transport")]
    public async Task LargeAnswer_IsCutByUdp_AndWholeByTcp(Resolver by)
    {
        var client = lab.From("client2");
        Assert.Equal(SpecificationLab.Big, (await client.AskAsync(by, Big)).Of("A").Distinct().Count());
        var named = await client.AskAsync(by, "_http._tcp." + Big, "SRV");
        Assert.Equal(SpecificationLab.Big, named.Of("SRV").Distinct().Count());
        Assert.Equal(SpecificationLab.Big, named.Additionals.Distinct().Count());
        var cut = await client.AskAsync(by, Big, "A", "+ignore");
        Assert.True(cut.IsCut);
        Assert.NotEmpty(cut.Answers);
        var middle = await client.AskAsync(by, Middle, "A", "+ignore", "+edns=0", "+bufsize=1232");
        Assert.False(middle.IsCut);
        Assert.Equal(SpecificationLab.Middle, middle.Answers.Count);
        Assert.True((await client.AskAsync(by, Middle, "A", "+ignore", "+noedns")).IsCut);
    }

    /// <summary>More than 512 bytes, which both libraries ask for. glibc, and musl from 1.2.4 on, come back by TCP; older ones of musl take what fits.</summary>
    [Theory]
    [EveryLibrary]
    [Conformance("dns", "Clients")]
    public async Task Getaddrinfo_OfALargeAnswer_GivesAllAddresses_OrThoseThatFit(Resolver by)
    {
        foreach (var (name, count) in ((string, int)[])[("middle", SpecificationLab.Middle), ("big", SpecificationLab.Big), ("some.example.", Upstreams.Some), ("many.example.", Upstreams.Many)])
        {
            var found = (await lab.From("client1").HostsAsync(by, name)).Split(' ');
            Assert.All(found, static text => Assert.Matches(@"^\d+\.\d+\.\d+\.\d+$", text));
            Assert.InRange(found.Length, by == Resolver.Glibc ? count : 20, count);
        }
    }

    /// <summary>Who takes only what fits must not always take the same.</summary>
    [Fact]
    [Conformance("dns", "Clients")]
    public async Task HeadlessAddresses_BeginAnywhere_SoThatClientsSpread()
    {
        var firsts = new HashSet<string>(StringComparer.Ordinal);
        await Framework.LabFixture.UntilAsync("several first addresses", async () =>
        {
            firsts.UnionWith((await lab.From("client1").AskAllAsync(Resolver.Dig, [.. Enumerable.Repeat((Middle, "A"), 10)])).Select(static reply => reply.Answers[0]));
            return firsts.Count > 5;
        });
    }
}
