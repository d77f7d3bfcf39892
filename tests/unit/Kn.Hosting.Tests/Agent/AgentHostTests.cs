using System.Runtime.InteropServices;
using System.Text;
using Kn.Hosting.Agent;
using Kn.Hosting.Control;
using Kn.Hosting.Modules;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Kubernetes.Storage;
using Kn.Kubernetes.Tests.Informers;
using Microsoft.Win32.SafeHandles;

namespace Kn.Hosting.Tests.Agent;

/// <summary>The agent from start to stop, in this process, with scripted modules.</summary>
public sealed class AgentHostTests
{
    /// <summary>A port on which nobody listens.</summary>
    private const string Nowhere = "http://127.0.0.1:1/";

    [Fact]
    public async Task Agent_BringsWhatTheApiServerSaysIntoPlace_AndFollowsIt()
    {
        var api = new ScriptedApi().List("7", "", Space("a"), Space("b")).OpenWatch(ScriptedApi.Event("ADDED", Space("c")));
        await using var server = await ScriptedServer.StartAsync(api.AnswerAsync);
        var module = new ScriptedModule("one");
        await using var rig = new AgentRig();
        rig.WriteKubeconfig(server.Url.ToString());
        rig.Start(ClusterConnection.Open, (module, true));
        await TestContexts.UntilAsync(() => module.Target.State.Count == 3, "all Namespaces are in place");
        var status = await rig.StatusAsync(static status => status.Ready && status.StartSeconds is not null, "the agent is ready");
        Assert.Equal(("n1", "1.2.3+abc", Environment.ProcessId, "api", server.Url.ToString()), (status.Node, status.Version, status.ProcessId, status.Cache.Origin, status.Cache.Server));
        Assert.Equal(("running", true, "scripted"), (status.Modules[0].State, status.Modules[0].Ready, status.Modules[0].Facts["kind"]));
        Assert.DoesNotContain("\\u", Encoding.UTF8.GetString(rig.Ask("status").Body.Span), StringComparison.Ordinal);
        Assert.True(await rig.StopAsync());
        Assert.Equal(3, module.Target.State.Count);
        Assert.True(File.Exists(Path.Combine(rig.State, ClusterConnection.SnapshotFile)));
        Assert.False(File.Exists(rig.SocketPath));
    }

    [Fact]
    public async Task ColdStart_WithoutTheApiServer_ServesFromTheSnapshot()
    {
        var module = new ScriptedModule("one");
        await using var rig = new AgentRig();
        Directory.CreateDirectory(rig.State);
        var last = new ClusterCache();
        last.Replace(ResourceKinds.Namespaces, [new Namespace { Metadata = new ObjectMeta { Name = "kept" } }]);
        SnapshotFile.Save(Path.Combine(rig.State, ClusterConnection.SnapshotFile), Nowhere, last.Current, [ResourceKinds.Namespaces]);
        rig.WriteKubeconfig(Nowhere);
        rig.Start(ClusterConnection.Open, (module, true));
        var status = await rig.StatusAsync(static status => status.Ready, "the agent is ready");
        Assert.Equal("piece of kept", module.Target.State.Find("kept"));
        Assert.Equal(("snapshot", Nowhere), (status.Cache.Origin, status.Cache.Server));
        Assert.NotNull(status.Cache.Problem);
    }

    [Fact]
    public async Task MissingKubeconfig_IsWaitedFor_AndToldOnce()
    {
        var api = new ScriptedApi().List("7", "", Space("a")).OpenWatch();
        await using var server = await ScriptedServer.StartAsync(api.AnswerAsync);
        var module = new ScriptedModule("one");
        await using var rig = new AgentRig();
        rig.Start(ClusterConnection.Open, (module, true));
        var waiting = await rig.StatusAsync(static status => status.Cache.Problem is not null, "the problem is told");
        Assert.Equal(($"{rig.Kubeconfig}: no such file", "", "none", false), (waiting.Cache.Problem, waiting.Cache.Server, waiting.Cache.Origin, waiting.Ready));
        await File.WriteAllTextAsync(rig.Kubeconfig, "kind: Pod\n");
        await rig.StatusAsync(static status => status.Cache.Problem!.Contains("expected Config, found 'Pod'", StringComparison.Ordinal), "the malformed file is told");
        rig.WriteKubeconfig(server.Url.ToString());
        var ready = await rig.StatusAsync(static status => status.Ready, "the agent is ready");
        Assert.Null(ready.Cache.Problem);
        Assert.Equal("piece of a", module.Target.State.Find("a"));
        Assert.Equal(2, rig.Log.Count(static line => line.StartsWith("Error agent kubeconfigBad", StringComparison.Ordinal)));
        Assert.Single(rig.Log, static line => line.StartsWith("Information agent kubeconfigGood", StringComparison.Ordinal));
    }

    [Fact]
    public async Task StopWhileWaitingForTheKubeconfig_IsAGoodStop()
    {
        await using var rig = new AgentRig();
        rig.Start(ClusterConnection.Open, (new ScriptedModule("one"), true));
        await rig.StatusAsync(static status => status.Cache.Problem is not null, "the problem is told");
        Assert.True(await rig.StopAsync());
    }

    [Fact]
    public async Task ModuleThatIsOff_IsCleanedUp_AndAnswersSo()
    {
        var off = new ScriptedModule("off");
        off.Target.Tamper("left", "of an earlier run");
        var on = new ScriptedModule("on");
        await using var rig = new AgentRig();
        rig.Start(Filled("a"), (off, false), (on, true));
        var status = await rig.StatusAsync(static status => status.Ready, "the agent is ready");
        await TestContexts.UntilAsync(() => off.Target.State.Count == 0, "what it left is removed");
        Assert.Equal((1, 0, 0), (off.Cleanups, off.Runs, on.Cleanups));
        Assert.Equal(["on running", "off disabled"], status.Modules.Select(static module => $"{module.Name} {module.State}"));
        Assert.Equal(ControlProtocol.ModuleOff, rig.Ask("off").ExitCode);
        Assert.Equal("here", Encoding.UTF8.GetString(rig.Ask("on").Body.Span));
        Assert.Equal(ControlProtocol.NoHandler, rig.Ask("unheard-of").ExitCode);
    }

    [Fact]
    public async Task CleanupThatFails_IsTold_AndStopsNobodyElse()
    {
        var off = new ScriptedModule("off") { CleanupFault = new IOException("busy") };
        var on = new ScriptedModule("on");
        await using var rig = new AgentRig();
        rig.Start(Filled("a"), (off, false), (on, true));
        var status = await rig.StatusAsync(static status => status.Ready && status.Modules[1].LastError is not null, "the agent is ready, and the fault is told");
        Assert.Equal("busy", status.Modules[1].LastError);
        Assert.Contains(rig.Log, static line => line.StartsWith("Error modules moduleCleanupFailed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ModuleThatFails_RunsAgain_AndTheOtherDoesNotNotice()
    {
        var failing = new ScriptedModule("failing") { FailuresLeft = 1 };
        var steady = new ScriptedModule("steady");
        await using var rig = new AgentRig();
        rig.Start(Filled("a"), (failing, true), (steady, true));
        var status = await rig.StatusAsync(static status => status.Ready, "the agent is ready");
        Assert.Equal((2, 1, 1, "scripted failure"), (failing.Runs, steady.Runs, status.Modules[0].Restarts, status.Modules[0].LastError));
    }

    [Fact]
    public async Task RequestThatComesBeforeTheModule_WaitsForIt()
    {
        var module = new ScriptedModule("late") { FailuresLeft = 1 };
        await using var rig = new AgentRig();
        rig.Start(Filled("a"), (module, true));
        await rig.StatusAsync(static _ => true, "the agent answers");
        Assert.Equal((0, "here"), (rig.Ask("late").ExitCode, Encoding.UTF8.GetString(rig.Ask("late").Body.Span)));
        Assert.Equal(2, module.Runs);
    }

    [Fact]
    public async Task StoredSockets_AreGivenToModules_AndWhatNobodyTakesIsDropped_WhenAllIsInPlace()
    {
        var stored = new TwoSockets();
        var module = new ScriptedModule("one");
        await using var rig = new AgentRig { Stored = stored };
        rig.Start(Filled("a"), (module, true));
        await TestContexts.UntilAsync(() => rig.Log.Any(static line => line.Contains("socketsUnwanted", StringComparison.Ordinal)), "it is told");
        Assert.Contains(rig.Log, static line => line.EndsWith("nobody wants are closed: left, older ", StringComparison.Ordinal));
        Assert.Same(stored, module.Context!.StoredSockets);
        Assert.Equal("piece of a", module.Target.State.Find("a"));
    }

    [Fact]
    public async Task SecondAgent_OfTheSameDirectory_DoesNotStart()
    {
        await using var rig = new AgentRig();
        rig.Start(Filled("a"), (new ScriptedModule("one"), true));
        await rig.StatusAsync(static status => status.Ready, "the agent is ready");
        using var held = AgentLock.TryTake(Path.GetDirectoryName(rig.SocketPath)!);
        Assert.Null(held);
    }

    [Fact]
    public async Task CacheThatIsNoLongerFilled_EndsTheAgent_WithAFault()
    {
        var fault = new TaskCompletionSource();
        await using var rig = new AgentRig();
        rig.Start((_, cache, _, _, _) => new FilledConnection(cache, "a", fault.Task), (new ScriptedModule("one"), true));
        await rig.StatusAsync(static status => status.Ready, "the agent is ready");
        fault.SetException(new InvalidDataException("a fault in Kn"));
        await TestContexts.UntilAsync(() => rig.Log.Any(static line => line.StartsWith("Critical agent agentFailed", StringComparison.Ordinal)), "the fault is logged");
        Assert.False(await rig.StopAsync());
    }

    private static ConnectCluster Filled(params string[] names) =>
        (_, cache, _, _, _) => new FilledConnection(cache, string.Join(',', names), Task.Delay(Timeout.InfiniteTimeSpan));

    private static string Space(string name) => $$$"""{"metadata":{"name":"{{{name}}}","uid":"u-{{{name}}}","resourceVersion":"7"}}""";

    /// <summary>Two sockets that no module knows.</summary>
    private sealed class TwoSockets : IStoredSockets
    {
        public SafeFileHandle? Take(string name) => null;

        public void Store(string name, SafeHandle socket) => throw new InvalidOperationException(name);

        public void Remove(string name) => throw new InvalidOperationException(name);

        public IReadOnlyList<string> RemoveUntaken() => ["left", "older"];
    }

    /// <summary>A cluster that is these Namespaces.</summary>
    private sealed class FilledConnection : IClusterConnection
    {
        internal FilledConnection(ClusterCache cache, string names, Task completion)
        {
            Completion = completion;
            cache.Replace(ResourceKinds.Namespaces, names.Split(',').Select(static name => new Namespace { Metadata = new ObjectMeta { Name = name } }));
        }

        public string Server => "scripted";

        public Task Completion { get; }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
