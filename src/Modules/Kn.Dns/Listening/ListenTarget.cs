using System.Net.Sockets;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Dns.Listening;

/// <summary>Drives where DNS is served: addresses on the link <c>kn-dns</c>, the table <c>inet kn-dns</c>, and sockets.</summary>
/// <remarks>A restart finds the first two in the kernel and leaves them as they are. Stopping leaves them, too: what pods ask waits for
/// nobody's answer then, and is answered by the next start.</remarks>
internal sealed class ListenTarget(DnsLink link, NftSocket tables, DnsServers? servers, ListenAudience audience, string node, DnsOptions options) : ITarget<IpAddress, ListenPiece>
{
    private readonly Dictionary<IpAddress, ListenPiece> _state = [];
    private NftTable? _table;

    /// <inheritdoc/>
    public string Name => "addresses";

    /// <summary>The port that is served; 53 but for tests.</summary>
    public ushort Port { get; init; } = 53;

    /// <inheritdoc/>
    public IEnumerable<IpAddress> Keys(ClusterSnapshot cluster)
    {
        audience.Told(ListenPlan.ClusterAddresses(cluster, options));
        return ListenPlan.Keys(cluster, node, options);
    }

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<IpAddress> keys)
    {
        switch (change.Object)
        {
            case Service service when service.Key == ListenPlan.ServiceKey(options):
                keys.UnionWith((change.Before as Service)?.ClusterIps ?? default);
                keys.UnionWith((change.After as Service)?.ClusterIps ?? default);
                audience.Told(ListenPlan.ClusterAddresses(cluster, options));
                break;
            case Node self when self.Metadata.Name == node:
                keys.UnionWith((change.Before as Node)?.InternalIps ?? default);
                keys.UnionWith((change.After as Node)?.InternalIps ?? default);
                break;
        }
    }

    /// <inheritdoc/>
    public ListenPiece? Plan(ClusterSnapshot cluster, IpAddress key, Problems problems) => ListenPlan.Plan(cluster, key, node, options);

    /// <inheritdoc/>
    public Task<ValueMap<IpAddress, ListenPiece>> ReadAsync(CancellationToken cancellationToken)
    {
        var onLink = link.Read().ToHashSet();
        var served = (servers?.Addresses ?? []).ToHashSet();
        _table = tables.ReadTable(DnsTableRules.Id.Family, DnsTableRules.Id.Name)?.AsDeclared();
        _state.Clear();
        foreach (var address in onLink.Concat(served).Distinct())
        {
            _state[address] = new ListenPiece(onLink.Contains(address), IsUntracked: false, served.Contains(address));
        }

        // Its elements are those of the link, or something is wrong with it: then it is made anew as a whole.
        if (_table is not null && _table == DnsTableRules.Table(onLink, Port).AsDeclared())
        {
            foreach (var address in onLink)
            {
                _state[address] = _state[address] with { IsUntracked = true };
            }
        }

        return Task.FromResult(new Dictionary<IpAddress, ListenPiece>(_state).ToValueMap());
    }

    /// <inheritdoc/>
    public async Task ApplyAsync(Changes<IpAddress, ListenPiece> changes, CancellationToken cancellationToken)
    {
        var untrackedBefore = Untracked();
        foreach (var change in changes.All)
        {
            if (change.After is null)
            {
                _state.Remove(change.Key);
            }
            else
            {
                _state[change.Key] = change.After;
            }
        }

        // The table first: from the moment when the node has the address, queries must not be translated elsewhere.
        EnsureTable(untrackedBefore);
        audience.Serves(_state.Keys, Port);
        Exception? failure = null;
        foreach (var change in changes.All.Where(static change => change.After is not null))
        {
            failure = Begin(change.Key, change.After!) ?? failure;
        }

        foreach (var change in changes.All.Where(static change => change.After is null))
        {
            await (servers?.CloseAsync(change.Key) ?? Task.CompletedTask);
            link.Remove(change.Key);
        }

        if (failure is not null)
        {
            throw failure;
        }
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        link.Remove();
        tables.Apply(new NftBatch().RemoveTable(DnsTableRules.Id));
        return Task.CompletedTask;
    }

    private HashSet<IpAddress> Untracked() => [.. _state.Where(static pair => pair.Value.IsUntracked).Select(static pair => pair.Key)];

    private void EnsureTable(HashSet<IpAddress> before)
    {
        var after = Untracked();
        if (after.SetEquals(before) && _table is not null == after.Count > 0)
        {
            return;
        }

        var table = DnsTableRules.Table(after, Port);
        var batch = new NftBatch().RemoveTable(DnsTableRules.Id);
        tables.Apply(after.Count == 0 ? batch : batch.AddWhole(table));
        _table = after.Count == 0 ? null : table.AsDeclared();
    }

    /// <summary>One address that cannot be served must not keep the others from it.</summary>
    private Exception? Begin(IpAddress address, ListenPiece piece)
    {
        try
        {
            if (piece.IsOnLink)
            {
                link.Ensure(address);
            }

            servers?.Open(address);
            return null;
        }
        catch (Exception exception) when (exception is LinuxException or SocketException)
        {
            return exception is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
                ? new LinuxException($"bind TCP {address} port {Port}", Errno.EADDRINUSE)
                : exception;
        }
    }
}
