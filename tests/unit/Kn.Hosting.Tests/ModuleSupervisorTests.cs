using System.Text.Json.Serialization.Metadata;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Hosting.Tests;

public class ModuleSupervisorTests
{
    [Fact]
    public async Task FailingModule_IsStartedAgain_AndTheOthersDoNotNotice()
    {
        var failing = new Script { FailuresLeft = 1 };
        var steady = new Script();
        var (supervisor, modules) = Make(("failing", failing), ("steady", steady));
        using var stop = new CancellationTokenSource();
        var run = supervisor.RunAsync(stop.Token);
        await TestContexts.UntilAsync(() => failing.Runs == 2 && modules[0].Context.Status.Read().State == ModuleState.Running, "the module runs again");
        var status = modules[0].Context.Status.Read();
        Assert.Equal((1, "scripted"), (status.Restarts, status.LastError));
        Assert.Equal(1, steady.Runs);
        await stop.CancelAsync();
        await run.WaitAsync(TestContexts.Deadline);
        Assert.Equal(ModuleState.Stopped, modules[1].Context.Status.Read().State);
    }

    [Fact]
    public async Task Stop_IsInReverseOrder()
    {
        var stops = new List<string>();
        var (supervisor, _) = Make(("a", new Script { Stopped = () => stops.Add("a") }), ("b", new Script { Stopped = () => stops.Add("b") }));
        using var stop = new CancellationTokenSource();
        var run = supervisor.RunAsync(stop.Token);
        await stop.CancelAsync();
        await run.WaitAsync(TestContexts.Deadline);
        Assert.Equal(["b", "a"], stops);
    }

    [Fact]
    public async Task EveryModule_IsAnnounced_BeforeTheFirstRuns()
    {
        var steps = new List<string>();
        var (supervisor, _) = Make(("a", new Script { Step = step => steps.Add("a " + step) }), ("b", new Script { Step = step => steps.Add("b " + step) }));
        using var stop = new CancellationTokenSource();
        var run = supervisor.RunAsync(stop.Token);
        await stop.CancelAsync();
        await run.WaitAsync(TestContexts.Deadline);
        Assert.Equal(["a announces", "b announces", "a runs", "b runs"], steps);
    }

    [Fact]
    public void Ready_NeedsEveryPart()
    {
        var status = new ModuleStatus("m");
        var part = status.Part("p");
        Assert.False(status.Read().IsReady);
        status.Running();
        Assert.False(status.Read().IsReady);
        part.SetReady();
        Assert.True(status.Read().IsReady);
        part.SetFailing("later");
        Assert.True(status.Read().IsReady);
        status.Failed("x");
        Assert.False(status.Read().IsReady);
    }

    private static (ModuleSupervisor Supervisor, IReadOnlyList<SupervisedModule> Modules) Make(params (string Name, Script Script)[] scripts)
    {
        var modules = scripts.Select(static item =>
        {
            var entry = ModuleEntry.Of(item.Name, true, (JsonTypeInfo<SampleOptions>)SampleJson.Default.GetTypeInfo(typeof(SampleOptions))!, _ => item.Script);
            return new SupervisedModule(new ModuleSection(entry, true, new SampleOptions()), TestContexts.Context(name: item.Name));
        }).ToList();
        return (new ModuleSupervisor(modules, NullLoggerFactory.Instance, TimeProvider.System), modules);
    }

    private sealed class Script : IModule
    {
        public IReadOnlyList<WatchRequest> Watches => [];

        internal int FailuresLeft { get; set; }

        internal int Runs { get; private set; }

        internal Action Stopped { get; init; } = static () => { };

        internal Action<string> Step { get; init; } = static _ => { };

        public void Announce(ModuleContext context) => Step("announces");

        public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
        {
            Runs++;
            Step("runs");
            if (FailuresLeft-- > 0)
            {
                throw new InvalidOperationException("scripted");
            }

            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }
            finally
            {
                Stopped();
            }
        }

        public Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
