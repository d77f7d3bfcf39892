using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>An Ingress of a test, removed at its end.</summary>
internal sealed class TestIngress(IngressLab lab, string name) : IAsyncDisposable
{
    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>The object now.</summary>
    public Task<JsonObject> GetAsync() => lab.Client.GetAsync(ApiResources.Ingresses, IngressLab.Space, name, CancellationToken.None);

    /// <summary>Changes it by a merge patch.</summary>
    public Task PatchAsync(JsonObject patch) => lab.Client.PatchAsync(ApiResources.Ingresses, IngressLab.Space, name, null, patch, PatchKind.Merge, CancellationToken.None);

    /// <summary>The addresses in its status.</summary>
    public async Task<IReadOnlyList<string>> AddressesAsync() =>
        [.. (await GetAsync())["status"]?["loadBalancer"]?["ingress"]?.AsArray().Select(static entry => (string?)entry?["ip"] ?? "") ?? []];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await lab.Client.EnsureDeletedAsync(ApiResources.Ingresses, IngressLab.Space, name, null, CancellationToken.None);
}
