using System.Text.Json.Serialization.Metadata;
using Kn.Hosting.Control;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Tests.Agent;

/// <summary>A module that keeps a piece for each Namespace; what it is told to do, it does.</summary>
internal sealed class ScriptedModule(string name)
{
    internal NamesTarget Target { get; } = new();

    internal int Runs { get; private set; }

    internal int Cleanups { get; private set; }

    /// <summary>What the last run was given.</summary>
    internal ModuleContext? Context { get; private set; }

    /// <summary>How many further runs fail at once.</summary>
    internal int FailuresLeft { get; set; }

    internal Exception? CleanupFault { get; init; }

    internal ModuleEntry Entry => ModuleEntry.Of(name, true, (JsonTypeInfo<SampleOptions>)SampleJson.Default.GetTypeInfo(typeof(SampleOptions))!, _ => new Module(this));

    private sealed class Module(ScriptedModule script) : IModule
    {
        public IReadOnlyList<WatchRequest> Watches => [new(ResourceKinds.Namespaces)];

        public async Task RunAsync(ModuleContext context, CancellationToken cancellationToken)
        {
            script.Runs++;
            script.Context = context;
            if (script.FailuresLeft-- > 0)
            {
                throw new InvalidDataException("scripted failure");
            }

            var loop = new ReconcileLoop<string, string>(script.Target, Watches, context);
            context.Status.SetFact("kind", "scripted");
            context.Control.Set(context.Status.Name, static (_, _) => Task.FromResult(new ControlResponse(0, "here"u8.ToArray())));
            await loop.RunAsync(cancellationToken);
        }

        public Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken)
        {
            script.Cleanups++;
            return script.CleanupFault is null ? script.Target.RemoveAsync(cancellationToken) : Task.FromException(script.CleanupFault);
        }
    }

    internal sealed class NamesTarget : FakeTarget<string, string>
    {
        public override string Name => "names";

        public override IEnumerable<string> Keys(ClusterSnapshot cluster) => cluster.Namespaces.Select(static space => space.Metadata.Name);

        public override void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<string> keys) => keys.Add(change.Object.Metadata.Name);

        public override string? Plan(ClusterSnapshot cluster, string key, Problems problems) => cluster.Namespaces.Find(key) is null ? null : $"piece of {key}";
    }
}
