using System.Text.Json.Nodes;
using Kn.Primitives;
using static Kn.E2E.Tests.Ingresses.RoutingTests;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>What the cluster is told of Ingresses. Needs root.</summary>
[Collection(IngressGroup.Name)]
public sealed class StatusTests(IngressLab lab)
{
    [Fact]
    [Conformance("ingress", "Status")]
    public async Task Address_IsThatOfTheNodes_AndIsTakenBackWhenTheIngressIsAnothers()
    {
        await using var ingress = await lab.IngressAsync(Rule(lab.NewHost(), "other"));
        string[] expected = [$"{lab.Node(1)}", $"{lab.Node(2)}"];
        await Framework.LabFixture.UntilAsync("the nodes' addresses are written", async () =>
            (await ingress.AddressesAsync()).Where(static text => IpAddress.Parse(text).Family == IpFamily.V4).Order(StringComparer.Ordinal).SequenceEqual(expected.Order(StringComparer.Ordinal)));
        await ingress.PatchAsync(new JsonObject { ["spec"] = new JsonObject { ["ingressClassName"] = "foreign" } });
        await Framework.LabFixture.UntilAsync("they are taken back", async () => (await ingress.AddressesAsync()).Count == 0);
    }

    [Fact]
    [Conformance("ingress", "Status")]
    public async Task AddressOfAnotherController_IsLeftAlone()
    {
        await using var foreign = await lab.IngressAsync(Rule(lab.NewHost(), "other"), className: "foreign");
        await lab.Client.PatchAsync(
            Lab.Api.ApiResources.Ingresses, IngressLab.Space, foreign.Name, "status",
            new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = new JsonArray(new JsonObject { ["ip"] = "192.0.2.1" }) } } }, Lab.Api.PatchKind.Merge, CancellationToken.None);
        await using var mine = await lab.IngressAsync(Rule(lab.NewHost(), "other"));
        await Framework.LabFixture.UntilAsync("another has its addresses", async () => (await mine.AddressesAsync()).Count > 0);
        Assert.Equal(["192.0.2.1"], await foreign.AddressesAsync());
    }
}
