using Kn.E2E.Tests.Framework;
using Kn.Lab;
using Kn.Lab.Control;
using Kn.Lab.Interop;
using Kn.Lab.Processes;

namespace Kn.E2E.Tests;

/// <summary>A lab that was killed leaves nothing that the next down does not remove. Needs root.</summary>
public sealed class KilledLabTests : IAsyncLifetime
{
    private readonly LabOptions _options = new() { Name = $"killed{Environment.ProcessId % 100000}", Folder = "" };
    private readonly string _dir = Path.Combine(Path.GetTempPath(), "kn-e2e-labs");

    private LabOptions Options => _options with { Folder = Path.Combine(_dir, _options.Name) };

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => RunAsync("down");

    [Fact]
    public async Task DaemonKilled_DownRemovesProcessesNamespacesAndFiles()
    {
        var up = await RunAsync("up", "--nodes", "2", "--kn", Binaries.Kn, "--wait", "120");
        Assert.True(up.ExitCode == 0, up.Errors);
        var status = ControlClient.TryStatus(Options);
        Assert.NotNull(status);
        Assert.Equal(0, Libc.kill(status.Pid, Libc.SIGKILL));
        await LabFixture.UntilAsync("the daemon is dead", () => Task.FromResult(LabLock.HolderOf(Options.Folder) is null));
        var agents = status.Nodes.Select(static node => node.AgentPid).ToList();
        Assert.All(agents, static pid => Assert.True(Directory.Exists($"/proc/{pid}/fd")));

        Assert.Equal(0, (await RunAsync("down")).ExitCode);

        Assert.Empty(new LabNames(_options.Name).Existing());
        Assert.All(agents, static pid => Assert.False(IsAlive(pid)));
        Assert.False(Directory.Exists(Options.Folder));
    }

    [Fact]
    public async Task Down_WithoutALab_Succeeds() => Assert.Equal(0, (await RunAsync("down")).ExitCode);

    private Task<ProgramResult> RunAsync(string verb, params string[] more) =>
        ProgramStart.RunAsync(null, [Binaries.KnLab, verb, "--name", _options.Name, "--dir", _dir, .. more], null, "", CancellationToken.None);

    // A zombie waits for its parent; it holds nothing any more.
    private static bool IsAlive(int pid) =>
        File.Exists($"/proc/{pid}/stat") && File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1][0] is not ('Z' or 'X');
}
