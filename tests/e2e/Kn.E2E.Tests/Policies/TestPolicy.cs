using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.E2E.Tests.Policies;

/// <summary>A NetworkPolicy of one test; deleted at the end, and waited for until it no longer holds.</summary>
internal sealed class TestPolicy(PolicyLab lab, string ns, string name) : IAsyncDisposable
{
    private bool _isGone;

    /// <summary>Creates it.</summary>
    public Task CreateAsync(string spec) => lab.Client.CreateAsync(ApiResources.NetworkPolicies, ns, Object(spec), CancellationToken.None);

    /// <summary>Gives it another spec.</summary>
    public Task ReplaceAsync(string spec) => lab.Client.ReplaceAsync(ApiResources.NetworkPolicies, Object(spec), null, CancellationToken.None);

    /// <summary>Deletes it, and does not wait: for tests where something else isolates pods, too.</summary>
    public async Task DeleteAsync()
    {
        _isGone = true;
        await lab.Client.EnsureDeletedAsync(ApiResources.NetworkPolicies, ns, name, null, CancellationToken.None);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isGone)
        {
            return;
        }

        await DeleteAsync();
        // The last of a test's policies that goes finds everything open; before that it would wait in vain.
        var left = await lab.Client.ListAsync(ApiResources.NetworkPolicies, null, null, CancellationToken.None);
        if (left.Items.Count == 0)
        {
            await lab.AllOpenAsync();
        }
    }

    private JsonObject Object(string spec) =>
        (JsonObject)YamlTree.Parse($"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: {ns}}}, spec: {spec}}}")!;
}
