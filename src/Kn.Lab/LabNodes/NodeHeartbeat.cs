using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.LabNodes;

/// <summary>Registers one node and keeps it registered: the Node object, its conditions, its Lease.</summary>
internal sealed class NodeHeartbeat(NodePlace node, ApiClient client, Func<bool> isReady, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LeaseInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StatusInterval = TimeSpan.FromMinutes(5);

    /// <summary>What was last reported.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Works until cancelled. Readiness is reported within a blink, the rest at the kubelet's intervals.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        long? statusAt = null;
        long? leaseAt = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var ready = isReady();
                if (IsDue(statusAt, StatusInterval) || ready != IsReady)
                {
                    await ReportAsync(ready, cancellationToken);
                    statusAt = time.GetTimestamp();
                }

                if (IsDue(leaseAt, LeaseInterval))
                {
                    await RenewLeaseAsync(cancellationToken);
                    leaseAt = time.GetTimestamp();
                }
            }
            catch (Exception e) when (e is ApiException or HttpRequestException or IOException)
            {
                NodeLog.HeartbeatFailed(logger, node.Name, e.Message);
            }

            await Task.Delay(Glance, time, cancellationToken);
        }
    }

    private bool IsDue(long? last, TimeSpan interval) => last is not { } at || time.GetElapsedTime(at) >= interval;

    private async Task ReportAsync(bool ready, CancellationToken cancellationToken)
    {
        var present = await client.TryGetAsync(ApiResources.Nodes, null, node.Name, cancellationToken)
            ?? await client.CreateAsync(ApiResources.Nodes, null, NodeObject.New(node), cancellationToken);
        var status = new JsonObject { ["status"] = NodeObject.Status(node, present, ready, time.GetUtcNow()) };
        await client.PatchAsync(ApiResources.Nodes, null, node.Name, "status", status, PatchKind.Merge, cancellationToken);
        if (ready && present.Maps("spec", "taints").Any(IsNotReadyTaint))
        {
            var rest = JsonTree.Array(present.Maps("spec", "taints").Where(static taint => !IsNotReadyTaint(taint)).Select(static taint => taint.DeepClone()));
            var patch = new JsonObject { ["spec"] = new JsonObject { ["taints"] = rest.Count > 0 ? rest : null } };
            await client.PatchAsync(ApiResources.Nodes, null, node.Name, null, patch, PatchKind.Merge, cancellationToken);
        }

        if (ready != IsReady)
        {
            NodeLog.ReadyChanged(logger, node.Name, ready);
            IsReady = ready;
        }
    }

    private async Task RenewLeaseAsync(CancellationToken cancellationToken)
    {
        var lease = NodeObject.Lease(node, time.GetUtcNow());
        var patch = new JsonObject { ["spec"] = lease["spec"]!.DeepClone() };
        try
        {
            await client.PatchAsync(ApiResources.Leases, NodeObject.LeaseNamespace, node.Name, null, patch, PatchKind.Merge, cancellationToken);
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            await TryCreateLeaseAsync(lease, cancellationToken);
        }
    }

    // A server without the namespace kube-node-lease gets no Leases: the conditions say the same, more slowly.
    private async Task TryCreateLeaseAsync(JsonObject lease, CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateAsync(ApiResources.Leases, NodeObject.LeaseNamespace, lease, cancellationToken);
        }
        catch (ApiException refusal) when (refusal.IsNotFound || refusal.IsConflict)
        {
            NodeLog.HeartbeatFailed(logger, node.Name, refusal.Message);
        }
    }

    private static bool IsNotReadyTaint(JsonObject taint) =>
        taint.Text("key") is "node.kubernetes.io/not-ready" or "node.kubernetes.io/network-unavailable";
}
