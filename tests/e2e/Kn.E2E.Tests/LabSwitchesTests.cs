using Kn.E2E.Tests.ApiServer;
using Kn.E2E.Tests.Framework;
using Kn.Lab.Processes;

namespace Kn.E2E.Tests;

/// <summary>What kn-lab can be told: another API server, fewer controllers. Needs root.</summary>
public sealed class LabSwitchesTests : IAsyncLifetime
{
    private readonly string _name = $"switch{Environment.ProcessId % 10000}{Guid.NewGuid():N}"[..15];
    private readonly string _dir = Path.Combine(Path.GetTempPath(), "kn-e2e-labs");

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => LabAsync([], "down");

    [Fact]
    public async Task KubeconfigOfTheEnvironment_ThatIsMissing_IsNamed()
    {
        var up = await LabAsync([("KN_LAB_KUBECONFIG", "/nonexistent/kubeconfig")], "up");
        Assert.Equal(1, up.ExitCode);
        Assert.Contains("no kubeconfig at /nonexistent/kubeconfig", up.Errors, StringComparison.Ordinal);
    }

    [RealApiServerFact]
    public async Task KubeconfigOfTheEnvironment_IsTheLabsApiServer()
    {
        await using var server = await RealServer.StartAsync();
        var up = await LabAsync([("KN_LAB_KUBECONFIG", server.Kubeconfig)], "up", "--nodes", "1", "--kn", Binaries.Kn, "--wait", "120");
        Assert.True(up.ExitCode == 0, up.Errors);
        Assert.Equal("node1", await KubectlAsync(server.Kubeconfig, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"));
    }

    [Fact]
    public async Task ControllerThatIsSwitchedOff_DoesNothing_AndTheOthersWork()
    {
        var up = await LabAsync([], "up", "--nodes", "1", "--kn", Binaries.Kn, "--wait", "120", "--controllers", "namespaces,podcidrs,endpointslices,garbage,scheduler");
        Assert.True(up.ExitCode == 0, up.Errors);
        var kubeconfig = Path.Combine(_dir, _name, "api/kubeconfig");
        await KubectlAsync(kubeconfig, "create", "deployment", "idle", "--image=echo");
        await KubectlAsync(kubeconfig, "run", "bare", "--image=echo", "--port=8080");
        await KubectlAsync(kubeconfig, "wait", "--for=condition=Ready", "pod/bare", "--timeout=60s");
        Assert.Equal("bare", await KubectlAsync(kubeconfig, "get", "pods", "-o", "jsonpath={.items[*].metadata.name}"));
        Assert.Equal("", await KubectlAsync(kubeconfig, "get", "replicasets", "-o", "jsonpath={.items[*].metadata.name}"));
    }

    private static async Task<string> KubectlAsync(string kubeconfig, params string[] words)
    {
        var result = await ProgramStart.RunAsync(null, ["kubectl", "--kubeconfig", kubeconfig, .. words], null, "", CancellationToken.None);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result.Output.Trim();
    }

    private Task<ProgramResult> LabAsync((string Name, string Value)[] variables, string verb, params string[] more)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin" };
        foreach (var (name, value) in variables)
        {
            environment[name] = value;
        }

        return ProgramStart.RunAsync(null, [Binaries.KnLab, verb, "--name", _name, "--dir", _dir, .. more], environment, "", CancellationToken.None);
    }
}
