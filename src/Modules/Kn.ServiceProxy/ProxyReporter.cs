using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.ServiceProxy.Health;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;
using Microsoft.Extensions.Logging;

namespace Kn.ServiceProxy;

/// <summary>Turns what the target does into metrics, log lines and facts of <c>kn status</c>.</summary>
internal sealed class ProxyReporter(ServiceProxyMetrics metrics, ModuleStatus status, ServiceEvents events, ILogger logger, TimeProvider time) : ProxyTargetObserver
{
    /// <summary>Slices whose Service never comes must not add up.</summary>
    private const int MaxEarly = 1000;

    private readonly Dictionary<ProxyKey, DateTimeOffset> _triggered = [];
    /// <summary>By Service: slices that came before it, which happens as each kind has a watch of its own.</summary>
    private readonly Dictionary<ObjectKey, DateTimeOffset> _early = [];
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private int _conflicts;

    /// <summary>What /healthz says.</summary>
    public ProxyHealth Health { get; } = new(time);

    /// <inheritdoc/>
    public override void Reading()
    {
        Health.Queued();
        metrics.NoLocalInternal.Set(0);
        metrics.NoLocalExternal.Set(0);
    }

    /// <inheritdoc/>
    public override void Surveyed(ClusterSnapshot cluster) => events.SeeAll(cluster);

    /// <inheritdoc/>
    public override void Told(ClusterSnapshot cluster, ObjectChange change, IReadOnlySet<ProxyKey> keys)
    {
        Health.Queued();
        metrics.LastQueued.Set(Seconds(time.GetUtcNow()));
        if (change.Object is EndpointSlice slice)
        {
            metrics.EndpointChanges.Increment();
            metrics.EndpointChangesPending.Add(1);
            Trigger(slice, change.After is null, keys);
        }
        else if (change.Object is Service)
        {
            metrics.ServiceChanges.Increment();
            metrics.ServiceChangesPending.Add(1);
            if (_early.Remove(change.Object.Key, out var triggered))
            {
                Trigger(triggered, keys);
            }

            events.See(cluster, change.Object.Key);
        }
    }

    /// <inheritdoc/>
    public override void Changed(Changes<ProxyKey, ProxyPiece> changes)
    {
        var now = time.GetUtcNow();
        foreach (var change in changes.All)
        {
            if (_triggered.Remove(change.Key, out var triggered))
            {
                metrics.NetworkProgrammingSeconds.Observe(now - triggered);
            }

            AddNoLocal(change.Before, -1);
            AddNoLocal(change.After, 1);
        }
    }

    /// <inheritdoc/>
    public override void Settled()
    {
        _triggered.Clear();
        metrics.EndpointChangesPending.Set(0);
        metrics.ServiceChangesPending.Set(0);
        metrics.LastSync.Set(Seconds(time.GetUtcNow()));
        Health.Updated();
    }

    /// <inheritdoc/>
    public override void Applied(ProxyBatch batch, TableState state, TimeSpan took)
    {
        if (!batch.IsEmpty)
        {
            metrics.SyncSeconds.Observe(took);
            (batch.ReplacesTable ? metrics.FullSyncSeconds : metrics.PartialSyncSeconds).Observe(took);
            metrics.Elements.Add(batch.ElementCount);
            metrics.Chains.Add(batch.Classes.Count);
            metrics.Replacements.Add(batch.ReplacesTable ? 1 : 0);
            ServiceProxyLog.Applied(logger, batch.ElementCount, batch.Classes.Count);
        }

        Tell(state);
    }

    /// <inheritdoc/>
    public override void Refused() => metrics.SyncFailures.Increment();

    /// <inheritdoc/>
    public override void Adopted(TableState state, ValueMap<ProxyKey, ProxyPiece> pieces)
    {
        ServiceProxyLog.Adopted(logger, state.PortCount);
        foreach (var (_, piece) in pieces)
        {
            AddNoLocal(piece, 1);
        }

        if (pieces.Find(ProxyKey.Strays) is StrayPiece strays)
        {
            ServiceProxyLog.Strays(logger, strays.Elements.Count);
        }

        Tell(state);
    }

    /// <inheritdoc/>
    public override void WillReplace(string found, string wanted) => ServiceProxyLog.WillReplace(logger, found, wanted);

    /// <inheritdoc/>
    public override void FlowsForgotten(int flows, TimeSpan took)
    {
        metrics.ConntrackSeconds.Observe(took);
        if (flows == 0)
        {
            return;
        }

        metrics.FlowsForgotten.Add(flows);
        metrics.ConntrackDeleted.Add(flows);
        ServiceProxyLog.FlowsForgotten(logger, flows);
    }

    /// <inheritdoc/>
    public override void FlowsKept(string error) => ServiceProxyLog.FlowsKept(logger, error);

    /// <summary>What began before the agent did says nothing of how fast it is.</summary>
    private void Trigger(EndpointSlice slice, bool isGone, IReadOnlySet<ProxyKey> keys)
    {
        if (slice.Triggered.Time is not { } triggered || triggered < _startedAt || slice.Service is not { } service)
        {
            return;
        }

        if (keys.Count > 0)
        {
            Trigger(triggered, keys);
        }
        else if (isGone)
        {
            _early.Remove(service);
        }
        else if (_early.Count < MaxEarly)
        {
            _early.TryAdd(service, triggered);
        }
    }

    private void Trigger(DateTimeOffset triggered, IReadOnlySet<ProxyKey> keys)
    {
        foreach (var key in keys)
        {
            // Of several changes that arrive together the one that has waited longest counts.
            _triggered[key] = _triggered.TryGetValue(key, out var earlier) && earlier < triggered ? earlier : triggered;
        }
    }

    private void AddNoLocal(ProxyPiece? piece, int sign)
    {
        if (piece is not ServicePortPiece port)
        {
            return;
        }

        var vips = new[] { port.V4, port.V6 }
            .OfType<FamilyPiece>()
            .Where(static family => family.Local is { DropsWhenEmpty: true, Endpoints.IsEmpty: true })
            .SelectMany(static family => family.Vips)
            .Aggregate(VipTraits.None, static (traits, vip) => traits | vip.Traits);
        metrics.NoLocalInternal.Add(vips.HasFlag(VipTraits.LocalInside) ? sign : 0);
        metrics.NoLocalExternal.Add(vips.HasFlag(VipTraits.LocalOutside) ? sign : 0);
    }

    private static double Seconds(DateTimeOffset moment) => moment.ToUnixTimeMilliseconds() / 1000.0;

    private void Tell(TableState state)
    {
        metrics.ServicePorts.Set(state.PortCount);
        metrics.Conflicts.Set(state.Conflicts);
        status.SetFact("servicePorts", state.PortCount.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (state.Conflicts > _conflicts)
        {
            ServiceProxyLog.Conflicts(logger, state.Conflicts);
        }

        _conflicts = state.Conflicts;
    }
}
