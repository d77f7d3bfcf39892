using Kn.E2E.Tests.Framework;
using Kn.Lab.Interop;

namespace Kn.E2E.Tests.Dns;

/// <summary>The agent's process changes while pods ask for names: not one query is lost, and none is asked twice. The lab keeps the agent's
/// sockets as systemd does.</summary>
[Collection(RestartGroup.Name)]
public sealed class RestartTests(RestartLab lab)
{
    private const string Server = "10.96.0.10";

    [Fact]
    [Conformance("dns", "Restart")]
    public async Task AgentRestarted_InAStreamOfQueries_LosesNone()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await using var stream = await StreamAsync(space);
        for (var round = 0; round < 3; round++)
        {
            var starts = lab.Status.Nodes[0].AgentStarts;
            await stream.AwaitMoreAsync(200);
            await lab.LabAsync("agent", "restart", "node1");
            Assert.Equal(starts + 1, lab.Status.Nodes[0].AgentStarts);
            await stream.AwaitMoreAsync(500);
        }
    }

    [Fact]
    [Conformance("dns", "Restart")]
    public async Task AgentKilled_WhatIsAskedUntilTheNextOneRuns_IsAnsweredByIt()
    {
        await using var space = await ScenarioSpace.CreateAsync(lab);
        await using var stream = await StreamAsync(space);
        for (var round = 0; round < 3; round++)
        {
            var before = lab.Status.Nodes[0];
            await stream.AwaitMoreAsync(200);

            // What the process has in its hands when it dies dies with it, some microseconds of work: nothing is, and everything comes just after.
            await stream.PauseAsync();
            Assert.Equal(0, Libc.kill(before.AgentPid, Libc.SIGKILL));
            await LabFixture.UntilAsync("the process is gone", () => Task.FromResult(IsGone(before.AgentPid)));
            stream.Resume();
            await stream.AwaitMoreAsync(500);
            Assert.Equal(before.AgentStarts + 1, lab.Status.Nodes[0].AgentStarts);
        }
    }

    [Fact]
    public async Task AgentStopped_LeavesNoSocketBehind()
    {
        await LabFixture.UntilAsync("sockets are bound", async () => (await SocketsAsync()).Contains(Server, StringComparison.Ordinal));
        await lab.LabAsync("agent", "stop", "node1");
        Assert.Equal("", await SocketsAsync());
        await lab.LabAsync("agent", "start", "node1");
        await LabFixture.UntilAsync("sockets are bound again", async () => (await SocketsAsync()).Contains(Server, StringComparison.Ordinal));
    }

    private async Task<string> SocketsAsync() => (await lab.OnNodeAsync("node1", "ss", "-Hlntu", "sport", "=", "53")).Output;

    /// <summary>A stream from a pod that has been answered.</summary>
    private async Task<QueryStream> StreamAsync(ScenarioSpace space)
    {
        await space.EchoPodAsync("client", "node1");
        await space.ServiceAsync("web");
        var name = $"web.{space.Name}.svc.cluster.local";
        await LabFixture.UntilAsync("the name", async () => (await lab.ExecAsync(space.Name, "client", "dig", "+short", name)).Output.Length > 0);
        return new QueryStream(lab.OpenPod(space.Name, "client"), Server, name, udp: 8, tcp: 3);
    }

    /// <summary>Dead with all its threads: one that is about to die may still take in a datagram.</summary>
    private static bool IsGone(int pid)
    {
        try
        {
            // proc_pid_stat(5): PID (NAME) STATE; the first thread of a dead process is a zombie, before and after the others are gone.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')')..] is [_, ' ', 'Z' or 'X', ..] && Directory.GetDirectories($"/proc/{pid}/task").Length == 1;
        }
        catch (IOException)
        {
            return true;
        }
    }
}

/// <summary>A lab of one node, whose agent comes and goes.</summary>
public sealed class RestartLab : LabFixture
{
    /// <inheritdoc/>
    protected override int NodeCount => 1;
}

/// <summary>The classes that share it.</summary>
[CollectionDefinition(Name)]
public sealed class RestartGroup : ICollectionFixture<RestartLab>
{
    /// <summary>The collection's name.</summary>
    public const string Name = "DNS over restarts";
}
