using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>How connections are spread over endpoints. Needs root.</summary>
[Collection(ServicesGroup.Name)]
public sealed class ChoosingTests(ServicesLab lab)
{
    private const string Scheduler = "kube-router.io/service.scheduler";

    [Fact]
    [Conformance("services", "Choosing")]
    public async Task Connections_AreSpreadEvenly()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync(1);
        foreach (var family in ServicesLab.Families)
        {
            var hits = (await lab.From("client1").GetAllAsync(web.ClusterIp(family), 80, 300)).CountBy(static name => name).ToDictionary();
            var chiSquare = hits.Values.Sum(static count => (count - 100.0) * (count - 100.0) / 100.0);
            Assert.True(hits.Count == 3 && chiSquare < 25, $"{string.Join(' ', hits)}: chi-square {chiSquare}, which chance makes of 300 connections in 4 of a million runs");
        }
    }

    [Fact]
    [Conformance("services", "Choosing")]
    public async Task RoundRobin_TakesEndpointsInTurn()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("a", "b", "c");
        foreach (var scheduler in (string[])["rr", "lc"])
        {
            await web.AnnotateAsync(Scheduler, scheduler);
            await lab.SettleAsync(1);
            AssertInTurn(await lab.From("client1").GetAllAsync(web.ClusterIp(), 80, 12));
            AssertInTurn(await lab.From("client1").GetAllAsync(web.ClusterIp(IpFamily.V6), 80, 12));
        }
    }

    [Fact]
    [Conformance("services", "Choosing")]
    public async Task RoundRobin_OfTwoServicesUsedInTurn_IsFairToBoth()
    {
        await using var one = await lab.ServiceAsync("", $"annotations: {{{Scheduler}: rr}}");
        await using var two = await lab.ServiceAsync("", $"annotations: {{{Scheduler}: rr}}");
        await one.ServeAsync("a", "b", "c");
        await two.ServeAsync("a", "b", "c");
        await lab.SettleAsync(1);
        var answers = new List<(string One, string Two)>();
        for (var i = 0; i < 9; i++)
        {
            answers.Add((await lab.From("client1").GetAsync(one.ClusterIp(), 80), await lab.From("client1").GetAsync(two.ClusterIp(), 80)));
        }

        Assert.All(["a", "b", "c"], name => Assert.Equal((3, 3), (answers.Count(pair => pair.One == name), answers.Count(pair => pair.Two == name))));
    }

    [Fact]
    [Conformance("services", "Choosing")]
    public async Task SourceHash_KeepsEachClient_AndMovesOnlyThoseOfAnEndpointThatGoes()
    {
        string[] clients = [.. Enumerable.Range(130, 24).Select(static number => $"192.168.77.{number}")];
        await lab.RunAsync("outside", "sh", "-c", string.Join("; ", clients.Select(static client => $"ip addr add {client}/24 dev eth0")));
        await using var web = await lab.ServiceAsync("type: NodePort", $"annotations: {{{Scheduler}: sh}}");
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync();
        var before = await FromEachAsync(clients, lab.Node(1), web.NodePort);
        Assert.Equal(["a", "b", "c"], before.Values.Distinct().Order(StringComparer.Ordinal));

        // Alike on every node.
        Assert.Equal(before, await FromEachAsync(clients, lab.Node(3), web.NodePort));
        await web.ServeAsync("a", "c");
        await lab.SettleAsync();
        var after = await FromEachAsync(clients, lab.Node(1), web.NodePort);
        Assert.All(before.Where(static pair => pair.Value != "b"), pair => Assert.Equal(pair.Value, after[pair.Key]));
        Assert.DoesNotContain("b", after.Values);
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync();
        Assert.Equal(before, await FromEachAsync(clients, lab.Node(1), web.NodePort));
    }

    [Fact]
    [Conformance("services", "Choosing")]
    public async Task DestinationHash_SendsAllClientsOfAnAddressToOneEndpoint()
    {
        await using var web = await lab.ServiceAsync("", $"annotations: {{{Scheduler}: dh}}");
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync();
        var names = await Task.WhenAll(((string[])["client1", "client2", "client3", "node1", "node4"]).Select(place => lab.From(place).NamesAsync(web.ClusterIp(), 80, 8)));
        Assert.Contains(Assert.Single(names.Distinct()), (string[])["a", "b", "c"]);
    }

    [Fact]
    [Conformance("services", "Choosing")]
    public async Task Method_IsTheConfigs_UnlessTheServiceSaysOtherwise()
    {
        await using var web = await lab.ServiceAsync();
        await web.ServeAsync("a", "b", "c");
        await lab.SettleAsync();
        AssertInTurn(await lab.From("client4").GetAllAsync(web.ClusterIp(), 80, 12));
        Assert.Single((await lab.From("client5").GetAllAsync(web.ClusterIp(), 80, 20)).Distinct());
        await web.AnnotateAsync(Scheduler, "sh");
        await lab.SettleAsync();
        Assert.Single((await lab.From("client4").GetAllAsync(web.ClusterIp(), 80, 20)).Distinct());
        await web.AnnotateAsync(Scheduler, "rr");
        await lab.SettleAsync();
        AssertInTurn(await lab.From("client5").GetAllAsync(web.ClusterIp(), 80, 12));
    }

    private static void AssertInTurn(IReadOnlyList<string> answers)
    {
        Assert.Equal(["a", "b", "c"], answers.Take(3).Order(StringComparer.Ordinal));
        Assert.All(Enumerable.Range(3, answers.Count - 3), number => Assert.Equal(answers[number - 3], answers[number]));
    }

    private async Task<Dictionary<string, string>> FromEachAsync(string[] clients, IpAddress address, int port)
    {
        var answers = await Task.WhenAll(clients.Select(async client => (client, await lab.From("outside").GetAsync(address, port, "/hostname", "--interface", client))));
        return answers.ToDictionary(static pair => pair.client, static pair => pair.Item2, StringComparer.Ordinal);
    }
}
