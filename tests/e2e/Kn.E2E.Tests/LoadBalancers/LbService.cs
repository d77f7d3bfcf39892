using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Api;
using Kn.Primitives;

namespace Kn.E2E.Tests.LoadBalancers;

/// <summary>A Service of one test; deleted at the end.</summary>
internal sealed class LbService(LoadBalancerLab lab, string name) : IAsyncDisposable
{
    public string Name => name;

    /// <summary>As the API server has it.</summary>
    public Task<JsonObject> ReadAsync() => lab.Client.GetAsync(ApiResources.Services, LoadBalancerLab.Space, name, CancellationToken.None);

    /// <summary>The addresses of its status now.</summary>
    public async Task<IReadOnlyList<IpAddress>> AddressesAsync() =>
        [.. (await ReadAsync()).Maps("status", "loadBalancer", "ingress").Select(static entry => IpAddress.Parse(entry.Text("ip")))];

    /// <summary>Waits for that many addresses, in the order of its families.</summary>
    public async Task<IReadOnlyList<IpAddress>> WithAddressesAsync(int count = 2)
    {
        IReadOnlyList<IpAddress> addresses = [];
        await LabFixture.UntilAsync($"{name} has {count} addresses", async () => (addresses = await AddressesAsync()).Count == count);
        return addresses;
    }

    /// <summary>Merges a JSON text into it.</summary>
    public Task PatchAsync(string json) =>
        lab.Client.PatchAsync(ApiResources.Services, LoadBalancerLab.Space, name, null, JsonNode.Parse(json)!, PatchKind.Merge, CancellationToken.None);

    /// <summary>Waits until it answers outside by these addresses.</summary>
    public async Task AnswersAsync(IEnumerable<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            await LabFixture.UntilAsync($"{name} answers at {address}", async () => (await lab.From("outside").GetAsync(address, 80)).StartsWith("web", StringComparison.Ordinal));
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await lab.Client.DeleteAsync(ApiResources.Services, LoadBalancerLab.Space, name, null, CancellationToken.None);
        }
        catch (ApiException)
        {
            // The test has deleted it.
        }
    }
}
