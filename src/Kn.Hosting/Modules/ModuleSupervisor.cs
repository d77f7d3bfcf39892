using Kn.Hosting.Options;
using Kn.Hosting.Reconciling;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Modules;

/// <summary>Runs the enabled modules: starts them in the list's order, starts one again that ended, stops them in reverse order.</summary>
public sealed class ModuleSupervisor
{
    /// <summary>How long one module may take to stop; what it has in the kernel stays either way.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    /// <summary>A module that ran this long had recovered; its next failure is a new one.</summary>
    private static readonly TimeSpan Recovered = TimeSpan.FromMinutes(1);

    private readonly IReadOnlyList<SupervisedModule> _modules;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    /// <summary>A supervisor of these modules, in start order.</summary>
    public ModuleSupervisor(IReadOnlyList<SupervisedModule> modules, ILoggerFactory loggers, TimeProvider time)
    {
        _modules = modules;
        _logger = loggers.CreateLogger("modules");
        _time = time;
    }

    /// <summary>Runs until cancelled, then stops the modules one after the other, last first.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var module in _modules)
        {
            module.Create().Announce(module.Context);
        }

        var running = new List<(SupervisedModule Module, CancellationTokenSource Stop, Task Task)>();
        foreach (var module in _modules)
        {
            var stop = new CancellationTokenSource();
            running.Add((module, stop, SuperviseAsync(module, stop.Token)));
        }

        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (cancellationToken.Register(stopped.SetResult))
        {
            await stopped.Task;
        }

        foreach (var (module, stop, task) in SequenceExtensions.Reverse(running))
        {
            await stop.CancelAsync();
            await StopAsync(module, task);
            stop.Dispose();
        }
    }

    private async Task StopAsync(SupervisedModule module, Task task)
    {
        try
        {
            await task.WaitAsync(StopLimit, _time);
        }
        catch (TimeoutException)
        {
            ModuleLog.SlowStop(_logger, module.Name);
        }
    }

    private async Task SuperviseAsync(SupervisedModule module, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(1));
        var failures = module.Context.Metrics.Counter("kn_module_failures_total", "Times that an exception ended a module.", ("module", module.Name));
        while (true)
        {
            var startedAt = _time.GetTimestamp();
            var failure = await RunOnceAsync(module, cancellationToken);
            if (cancellationToken.IsCancellationRequested)
            {
                module.Context.Status.Stopped();
                return;
            }

            if (_time.GetElapsedTime(startedAt) > Recovered)
            {
                backoff.Reset();
            }

            failures.Increment();
            module.Context.Status.Failed(failure.Message);
            var wait = backoff.Next();
            ModuleLog.Failed(_logger, failure, module.Name, wait.TotalSeconds);
            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<Exception> RunOnceAsync(SupervisedModule module, CancellationToken cancellationToken)
    {
        try
        {
            module.Context.Status.ForgetParts();
            var run = module.Create().RunAsync(module.Context, cancellationToken);
            module.Context.Status.Running();
            await run;
            return new InvalidOperationException("it ended by itself");
        }
#pragma warning disable CA1031 // The supervisor boundary: whatever ends one module must not end the agent.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return exception;
        }
    }
}

/// <summary>An enabled module.</summary>
/// <param name="Section">Its options and how it is made; made anew for every run.</param>
/// <param name="Context">What it is given.</param>
public sealed record SupervisedModule(ModuleSection Section, ModuleContext Context)
{
    /// <summary>Its name.</summary>
    public string Name => Section.Entry.Name;

    /// <summary>Makes it.</summary>
    public IModule Create() => Section.Create();
}
