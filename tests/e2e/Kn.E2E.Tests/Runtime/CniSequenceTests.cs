using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Cni;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Runtime;

/// <summary>The calls that cnitool makes, against the real plugin and agent. Needs root.</summary>
[Collection(OwnServerGroup.Name)]
public sealed class CniSequenceTests(OwnServerLab lab)
{
    private static readonly Dictionary<string, JsonNode> NoRuntime = new(StringComparer.Ordinal);

    [Fact]
    public async Task AddCheckDelDel_Succeed_AndCheckAfterDelDoesNot()
    {
        var node = lab.Status.Nodes[0];
        var name = $"{lab.Options.Name}-cnitool";
        using var inside = NetworkNamespace.OpenNamed($"{lab.Options.Name}-{node.Name}");
        using var container = NetworkNamespace.Create(name);
        try
        {
            var network = CniNetwork.FindFirst(Path.Combine(node.Folder, "cni/net.d"));
            Assert.NotNull(network);
            var runtime = new CniRuntime(inside, Path.Combine(node.Folder, "cni/bin"));
            var attachment = new CniAttachment { ContainerId = Guid.NewGuid().ToString("N"), NetworkNamespace = container.Path };

            var result = await runtime.AddAsync(network, attachment, NoRuntime, CancellationToken.None);
            Assert.Equal(2, CniResult.Addresses(result).Count);
            await runtime.CheckAsync(network, attachment, result, NoRuntime, CancellationToken.None);
            await runtime.DeleteAsync(network, attachment, result, NoRuntime, CancellationToken.None);
            await runtime.DeleteAsync(network, attachment, result, NoRuntime, CancellationToken.None);
            await Assert.ThrowsAsync<CniException>(() => runtime.CheckAsync(network, attachment, result, NoRuntime, CancellationToken.None));
        }
        finally
        {
            NetworkNamespace.Remove(name);
        }
    }
}
