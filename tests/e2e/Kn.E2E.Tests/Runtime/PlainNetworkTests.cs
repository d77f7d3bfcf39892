using System.Text.Json.Nodes;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Cni;
using Kn.Lab.Processes;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Runtime;

/// <summary>The native plugin on a network without an agent, as ctr and cnitool call it. Needs root, containerd and busybox-static.</summary>
public sealed class PlainNetworkTests : IDisposable
{
    private static readonly Dictionary<string, JsonNode> NoRuntime = new(StringComparer.Ordinal);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kn-e2e-plain");
    private readonly string _name = $"kq{Guid.NewGuid():N}"[..12];
    private readonly NetworkNamespace _host;

    public PlainNetworkTests()
    {
        _host = NetworkNamespace.Create(_name);
        File.Copy(Binaries.Kn, Path.Combine(_folder.CreateSubdirectory("bin").FullName, "kn"));
        _folder.CreateSubdirectory("net.d");
    }

    private string Reservations => Path.Combine(_folder.FullName, "reservations");

    [Theory]
    [InlineData("routed", "1.0.0")]
    [InlineData("bridge", "0.4.0")]
    public async Task Ctr_RunsTwoContainersThatTalk_AndGcLeavesNothing(string attachment, string version)
    {
        WriteNetwork(attachment, version);
        Assert.Contains("hello from busybox", await ContainerdTests.TwoContainersAsync(_host, _folder.FullName), StringComparison.Ordinal);
        // ctr never detaches a container that it started in the background; the containers are gone, with their namespaces.
        await CollectAsync(attachment);
        await AssertNothingLeftAsync();
    }

    [Theory]
    [InlineData("routed", "1.1.0")]
    [InlineData("bridge", "1.0.0")]
    public async Task AddCheckDelDel_Succeed_AndCheckAfterDelDoesNot(string attachment, string version)
    {
        WriteNetwork(attachment, version);
        var name = _name + "c";
        using var container = NetworkNamespace.Create(name);
        try
        {
            var network = CniNetwork.FindFirst(Path.Combine(_folder.FullName, "net.d"));
            Assert.NotNull(network);
            var runtime = new CniRuntime(_host, Path.Combine(_folder.FullName, "bin"));
            var one = new CniAttachment { ContainerId = Guid.NewGuid().ToString("N"), NetworkNamespace = container.Path };
            var result = await runtime.AddAsync(network, one, NoRuntime, CancellationToken.None);
            Assert.Equal(["10.10.0.2", "fd00:10::2"], CniResult.Addresses(result).Select(static address => address.ToString()));
            await runtime.CheckAsync(network, one, result, NoRuntime, CancellationToken.None);
            await Assert.ThrowsAsync<CniException>(() => runtime.AddAsync(network, one, NoRuntime, CancellationToken.None));
            await runtime.CheckAsync(network, one, result, NoRuntime, CancellationToken.None);
            await runtime.DeleteAsync(network, one, result, NoRuntime, CancellationToken.None);
            await runtime.DeleteAsync(network, one, result, NoRuntime, CancellationToken.None);
            await Assert.ThrowsAsync<CniException>(() => runtime.CheckAsync(network, one, result, NoRuntime, CancellationToken.None));
            await AssertNothingLeftAsync();
        }
        finally
        {
            NetworkNamespace.Remove(name);
        }
    }

    public void Dispose()
    {
        _host.Dispose();
        NetworkNamespace.Remove(_name);
        _folder.Delete(recursive: true);
    }

    private void WriteNetwork(string attachment, string version) => File.WriteAllText(
        Path.Combine(_folder.FullName, "net.d/10-mynet.conflist"),
        new JsonObject { ["cniVersion"] = version, ["name"] = "mynet", ["plugins"] = new JsonArray(Plugin(attachment)) }.ToJsonString());

    private JsonObject Plugin(string attachment) => new()
    {
        ["type"] = "kn",
        ["attachment"] = attachment,
        ["ipam"] = new JsonObject
        {
            ["type"] = "host-local",
            ["dataDir"] = Reservations,
            ["ranges"] = JsonNode.Parse("""[[{"subnet":"10.10.0.0/16"}],[{"subnet":"fd00:10::/64"}]]"""),
        },
    };

    private async Task CollectAsync(string attachment)
    {
        var config = Plugin(attachment);
        config["cniVersion"] = "1.1.0";
        config["name"] = "mynet";
        config["cni.dev/valid-attachments"] = new JsonArray();
        var plugin = Path.Combine(_folder.FullName, "bin");
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["CNI_COMMAND"] = "GC", ["CNI_PATH"] = plugin };
        var answer = await ProgramStart.RunAsync(_host, [Path.Combine(plugin, "kn")], environment, config.ToJsonString(), CancellationToken.None);
        Assert.True(answer.ExitCode == 0, answer.Output + answer.Errors);
    }

    private async Task AssertNothingLeftAsync()
    {
        var left = await ProgramStart.RunAsync(
            _host, ["sh", "-c", "ip -o link | grep -v ' lo:' | grep -v DYING; nft list ruleset; ls $1 | grep '[:.].*[0-9]$' | grep -v last", "sh", Path.Combine(Reservations, "mynet")], null, "", CancellationToken.None);
        Assert.Equal("", left.Output);
    }
}
