using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Drives the zone to what the cluster's objects say.</summary>
/// <remarks>The zone is memory of this process: there is nothing to adopt and nobody else changes it, so what is read back is what was
/// applied last.</remarks>
internal sealed class ZoneTarget(ZoneRecords records, PodRecords pods, ServiceGate gate, TimeProvider time) : ITarget<DnsKey, ZonePiece>
{
    private readonly Dictionary<DnsKey, ZonePiece> _pieces = [];
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isChanged = true;

    /// <inheritdoc/>
    public string Name => "zone";

    /// <summary>Is told how many names are given out although the Service proxy does not serve their addresses yet.</summary>
    public Action<int>? Impatient { get; init; }

    /// <summary>Measures how fast names follow; null for not at all.</summary>
    public ProgrammingClock? Clock { get; init; }

    /// <summary>Done when the zone is complete.</summary>
    public Task WhenComplete => _complete.Task;

    /// <inheritdoc/>
    public IEnumerable<DnsKey> Keys(ClusterSnapshot cluster) => ZonePlan.Keys(cluster, pods);

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<DnsKey> keys)
    {
        Clock?.Told(cluster, change);
        ZonePlan.AddAffectedKeys(cluster, change, pods, keys);
    }

    /// <inheritdoc/>
    public ZonePiece? Plan(ClusterSnapshot cluster, DnsKey key, Problems problems) => ZonePlan.Plan(cluster, key, problems);

    /// <inheritdoc/>
    public Task<ValueMap<DnsKey, ZonePiece>> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(new Dictionary<DnsKey, ZonePiece>(_pieces).ToValueMap());

    /// <inheritdoc/>
    public async Task ApplyAsync(Changes<DnsKey, ZonePiece> changes, CancellationToken cancellationToken)
    {
        List<Change<DnsKey, ZonePiece>> held = [];
        foreach (var change in changes.All)
        {
            if (change is { Before: null, After: ServicePiece })
            {
                held.Add(change);
            }
            else
            {
                Apply(change);
            }
        }

        if (held.Count == 0)
        {
            return;
        }

        if (!await gate.WaitAsync([.. held.Select(static change => change.Key.Object)], cancellationToken))
        {
            Impatient?.Invoke(held.Count);
        }

        held.ForEach(Apply);
    }

    /// <inheritdoc/>
    public void Settled()
    {
        Clock?.Settled();
        if (_isChanged)
        {
            _isChanged = false;
            records.Publish((uint)time.GetUtcNow().ToUnixTimeSeconds());
            _complete.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Apply(Change<DnsKey, ZonePiece> change)
    {
        // What is in the zone decides, not what the loop remembers: a pass may have failed between two changes.
        var before = _pieces.GetValueOrDefault(change.Key);
        if (change.After is null)
        {
            _pieces.Remove(change.Key);
        }
        else
        {
            _pieces[change.Key] = change.After;
        }

        if (before is not null || change.After is not null)
        {
            records.Change(before, change.After);
            _isChanged = true;
        }
    }
}
