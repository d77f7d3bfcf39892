using Kn.Kubernetes.Cache;

namespace Kn.Hosting.Modules;

/// <summary>One of Kn's jobs (pod network, routes, Services, …), switched on and off in the config file.</summary>
/// <remarks>Modules never see one another; what they share is in <see cref="ModuleContext"/>.</remarks>
public interface IModule
{
    /// <summary>The kinds that the module reads. The host watches the union of what its enabled modules ask for.</summary>
    IReadOnlyList<WatchRequest> Watches { get; }

    /// <summary>Says what other modules may count on from this one. Called for every enabled module before the first of them runs.</summary>
    void Announce(ModuleContext context)
    {
    }

    /// <summary>Works until cancelled. What is in the kernel stays there when it returns.</summary>
    /// <remarks>Called once. An exception ends this module alone; the supervisor logs it, reports the module as failed and starts
    /// it again after a back-off.</remarks>
    Task RunAsync(ModuleContext context, CancellationToken cancellationToken);

    /// <summary>Deletes everything that the module ever made on this node. Safe to repeat; works when Kn was killed half-way and
    /// without an API server: the cache may be empty.</summary>
    Task CleanupAsync(ModuleContext context, CancellationToken cancellationToken);
}
