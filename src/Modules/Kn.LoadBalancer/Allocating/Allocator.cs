using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Kubeconfigs;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.LoadBalancer.Allocating;

/// <summary>Gives addresses to Services while this node leads: plans at each change, writes what the status does not say yet.</summary>
internal sealed class Allocator(ModuleContext context, LoadBalancerOptions options, IReadOnlyList<AddressPool> pools, LoadBalancerMetrics metrics, ILogger logger)
{
    /// <summary>Writes that are under way at once.</summary>
    private const int Concurrency = 8;

    private readonly AllocationReporter _reporter = new(context.Events, metrics, pools, logger);

    /// <summary>Takes part in the election until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => context.Leadership.LeadAsync(LeadAsync, cancellationToken);

    private async Task LeadAsync(ApiClient client, CancellationToken cancellationToken)
    {
        metrics.IsLeader.Set(1);
        try
        {
            await context.Cache.WhenSynced(cancellationToken);
            var memory = await SeedAsync(client, cancellationToken);
            using var queue = context.Cache.Subscribe(ResourceKinds.Services, ResourceKinds.Namespaces);
            while (!memory.IsCaughtUp(queue.Drain().Snapshot))
            {
                await WaitAsync(queue, TimeSpan.FromSeconds(1), cancellationToken);
            }

            var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
            while (true)
            {
                var isDone = await PassAsync(client, queue.Drain().Snapshot, memory, cancellationToken);
                if (isDone)
                {
                    backoff.Reset();
                }

                await WaitAsync(queue, isDone ? Timeout.InfiniteTimeSpan : backoff.Next(), cancellationToken);
            }
        }
        finally
        {
            _reporter.Forget();
            metrics.IsLeader.Set(0);
        }
    }

    /// <summary>What the last leader wrote may not have come by this node's watch yet: the API server is asked.</summary>
    private async Task<GrantMemory> SeedAsync(ApiClient client, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15));
        while (true)
        {
            try
            {
                var memory = new GrantMemory(context.Time);
                foreach (var service in await client.ListAsync(ResourceKinds.Services, cancellationToken))
                {
                    if (!service.LoadBalancerIngress.IsEmpty)
                    {
                        memory.Remember(service, GrantMemory.OfStatus(service));
                    }
                }

                return memory;
            }
            catch (Exception error) when (error is ApiException or KubeconfigException)
            {
                await Task.Delay(backoff.Next(), context.Time, cancellationToken);
            }
        }
    }

    /// <summary>Plans and writes; false when something has to be tried again.</summary>
    private async Task<bool> PassAsync(ApiClient client, ClusterSnapshot cluster, GrantMemory memory, CancellationToken cancellationToken)
    {
        memory.CatchUp(cluster);
        var grants = AllocationPlan.Plan(cluster, pools, options, memory.Held);
        _reporter.Report(grants);
        List<ServiceGrant> open = [.. grants.Where(grant => grant.NeedsWriting && memory.Held(grant.Service) != grant.Addresses)];
        var isDone = true;
        for (var i = 0; i < open.Count; i += Concurrency)
        {
            var results = await Task.WhenAll(open.Skip(i).Take(Concurrency).Select(grant => WriteAsync(client, grant, memory, cancellationToken)));
            isDone &= results.All(static result => result);
        }

        return isDone;
    }

    private async Task<bool> WriteAsync(ApiClient client, ServiceGrant grant, GrantMemory memory, CancellationToken cancellationToken)
    {
        var entries = grant.Addresses.Select(static address => new LoadBalancerEntry(address, IpMode: "VIP")).ToValueList();
        try
        {
            if (!await client.WriteLoadBalancerAsync(ResourceKinds.Services, grant.Service, entries, cancellationToken))
            {
                // It has changed meanwhile; the change is on its way here.
                return false;
            }
        }
        catch (Exception error) when (error is ApiException or KubeconfigException)
        {
            metrics.StatusFailures.Increment();
            LoadBalancerLog.StatusRefused(logger, grant.Service.Key, error.Message);
            return false;
        }

        lock (memory)
        {
            memory.Remember(grant.Service, grant.Addresses);
        }

        metrics.StatusWrites.Increment();
        _reporter.Written(grant);
        return true;
    }

    private async Task WaitAsync(ChangeQueue queue, TimeSpan longest, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var change = queue.WaitAsync(either.Token).AsTask();
        await Task.WhenAny(change, Task.Delay(longest, context.Time, either.Token));
        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
