using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Hosting.Tests;

internal static class TestContexts
{
    internal static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    internal static ModuleContext Context(ClusterCache? cache = null, string name = "test") => new()
    {
        Node = new NodeOptions { Name = "n1" },
        Cache = cache ?? new ClusterCache(),
        Loggers = NullLoggerFactory.Instance,
        Metrics = new MetricRegistry(),
        Control = new ControlHandlers(),
        Status = new ModuleStatus(name),
        PodGates = new PodGates(),
        Time = TimeProvider.System,
    };

    /// <summary>Polls, because the condition has no event; fails at the deadline.</summary>
    internal static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            Assert.False(deadline.IsCancellationRequested, $"in vain waited until {what}");
            await Task.Delay(1);
        }
    }
}
