using System.Text.Json;

namespace Kn.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-command-").FullName;

    public static TheoryData<string, string> WrongUsages => new()
    {
        { "", "kn: kn needs a command: one of agent, status, ipam, dns, policy, bgp, ingress, lb, cleanup, config, version; see kn --help\n" },
        { "foo", "kn: 'foo' is not a command of kn: there are agent, status, ipam, dns, policy, bgp, ingress, lb, cleanup, config, version; see kn --help\n" },
        { "foo bar --baz", "kn: 'foo' is not a command of kn: there are agent, status, ipam, dns, policy, bgp, ingress, lb, cleanup, config, version; see kn --help\n" },
        { "config", "kn: kn config needs a command: one of check, show; see kn --help\n" },
        { "config chek", "kn: 'chek' is not a command of kn config: there are check, show; see kn --help\n" },
        { "agent --speed 9", "kn: '--speed' is not an option or argument of kn agent; see kn --help\n" },
        { "status --output yaml", "kn: Argument 'yaml' not recognized. Must be one of: 'table' 'json'; see kn --help\n" },
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory, MemberData(nameof(WrongUsages))]
    public async Task WrongUsage_ExitsWith2_AndOneLine(string arguments, string expected)
    {
        var result = await KnProcess.RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(new KnResult(2, "", expected), result);
    }

    [Fact]
    public async Task Status_WithoutAnAgent_ExitsWith3_AndAHint()
    {
        var socket = Path.Combine(_directory, "kn.sock");
        var result = await KnProcess.RunAsync(["status", "--socket", socket]);
        Assert.Equal(new KnResult(3, "", $"kn: no agent at {socket}: is kn.service running?\n"), result);
    }

    [Fact]
    public async Task Version_InJson_IsReadable()
    {
        var result = await KnProcess.RunAsync(["version", "-o", "json"]);
        Assert.Equal(0, result.Exit);
        Assert.DoesNotContain("\\u", result.Output, StringComparison.Ordinal);
        using var version = JsonDocument.Parse(result.Output);
        var text = await KnProcess.RunAsync(["version"]);
        Assert.Equal($"kn {version.RootElement.GetProperty("version").GetString()}\n", text.Output);
    }

    [Fact]
    public async Task ConfigCheck_OfTheExample_IsGood()
    {
        var file = Source.PathOf("examples", "kn.yaml");
        Assert.Equal(new KnResult(0, $"{file}: good\n", ""), await KnProcess.RunAsync(["config", "check", "--config", file]));
    }

    [Fact]
    public async Task ConfigCheck_TellsEveryFault_WithItsPlace_AndExitsWith2()
    {
        var file = Path.Combine(_directory, "kn.yaml");
        await File.WriteAllTextAsync(file, "routes:\n  metric: 0\ncni:\n  mtu: 10\n  mut: 1\n");
        var result = await KnProcess.RunAsync(["config", "check", "-c", file]);
        var lines = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((2, "", 3), (result.Exit, result.Output, lines.Length));
        Assert.Equal([$"{file}:2:", $"{file}:4:", $"{file}:5:"], lines.Select(line => line[..(file.Length + 3)]));
    }

    [Theory]
    [InlineData("agent")]
    [InlineData("cleanup")]
    [InlineData("status")]
    [InlineData("config show")]
    public async Task MissingConfig_ExitsWith2(string arguments)
    {
        var file = Path.Combine(_directory, "none.yaml");
        var result = await KnProcess.RunAsync([.. arguments.Split(' '), "--config", file]);
        Assert.Equal(new KnResult(2, "", $"{file}: no such file\n"), result);
    }

    [Fact]
    public async Task WithCniCommand_ItIsThePlugin()
    {
        var config = $$"""{"cniVersion":"1.0.0","name":"kn","type":"kn","socket":"{{_directory}}/kn.sock"}""";
        var add = await KnProcess.RunAsync([], config, ("CNI_COMMAND", "ADD"));
        Assert.Equal(1, add.Exit);
        using var error = JsonDocument.Parse(add.Output);
        Assert.Equal(11, error.RootElement.GetProperty("code").GetInt32());
        Assert.Equal(new KnResult(0, "", ""), await KnProcess.RunAsync([], config, ("CNI_COMMAND", "DEL")));
    }
}
