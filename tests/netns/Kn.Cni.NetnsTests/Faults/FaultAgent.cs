using System.Collections.Concurrent;
using System.Diagnostics;
using Kn.Hosting.Agent;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Cni.NetnsTests.Faults;

/// <summary>The agent as a process of its own, with the module alone, that kills itself (SIGKILL) or stops at a step that a file names.</summary>
internal static class FaultAgent
{
    /// <summary>The file that says what happens at which step: <c>kill Attach.CreateLink</c>,
    /// <c>kill Attach.CreateLink 20</c> for the 20th time, or <c>hold Attach.CreateLink</c>. An agent that holds writes
    /// <c>held</c> into it, and waits until the file is gone.</summary>
    public const string FaultFile = "fault";

    public static async Task<int> Main(string[] args)
    {
        if (args is not [var directory])
        {
            await Console.Error.WriteLineAsync("this is a test assembly: dotnet test");
            return 2;
        }

        var hits = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        ModuleEntry[] modules =
        [
            ModuleEntry.Of("cni", enabledByDefault: true, CniJson.Default.CniOptions, options => new CniModule(options)
            {
                BeforeStep = step => At(directory, hits, $"Attach.{step}"),
                BeforeDetachStep = step => At(directory, hits, $"Detach.{step}"),
                BeforeRewriteStep = step => At(directory, hits, $"Rewrite.{step}"),
            }),
        ];
        var config = ConfigFile.Load(Path.Combine(directory, "kn.yaml"), modules, "n1");
        var host = new AgentHost(config.Options!, "test", Connect, NullLoggerFactory.Instance, TimeProvider.System);
        return await host.RunAsync(CancellationToken.None) ? 0 : 1;
    }

    private static void At(string directory, ConcurrentDictionary<string, int> hits, string step)
    {
        var file = Path.Combine(directory, FaultFile);
        var fault = File.Exists(file) ? File.ReadAllText(file) : "";
        var hit = hits.AddOrUpdate(step, 1, static (_, count) => count + 1);
        if (fault == $"kill {step}" || fault == $"kill {step} {hit}")
        {
            using var self = Process.GetCurrentProcess();
            self.Kill();
            Thread.Sleep(Timeout.Infinite);
        }

        if (fault == $"hold {step}")
        {
            File.WriteAllText(file, "held");
            SpinWait.SpinUntil(() => !File.Exists(file));
        }
    }

    private static Connection Connect(
        AgentOptions options, ClusterCache cache, IReadOnlyList<WatchRequest> watches, Microsoft.Extensions.Logging.ILoggerFactory loggers, TimeProvider time)
    {
        cache.Replace(ResourceKinds.Nodes, [new Node
        {
            Metadata = new ObjectMeta { Name = "n1" },
            PodCidrs = [IpPrefix.Parse("10.244.1.0/24"), IpPrefix.Parse("fd00:10:244:1::/64")],
            InternalIps = [IpAddress.Parse("192.0.2.1")],
        }]);
        cache.Replace(ResourceKinds.Pods, [], CacheOrigin.Snapshot);
        return new Connection();
    }

    private sealed class Connection : IClusterConnection
    {
        private readonly TaskCompletionSource _end = new();

        public string Server => "";

        public Task Completion => _end.Task;

        public ValueTask DisposeAsync()
        {
            _end.TrySetResult();
            return ValueTask.CompletedTask;
        }
    }
}
