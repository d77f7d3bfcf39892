using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>Gives each pod one address of every family that the node has a podCIDR of. Thread-safe.</summary>
/// <remarks>Addresses outside the current podCIDRs (the node was given others meanwhile) stay with their pods; new ones come from the
/// current podCIDRs only.</remarks>
public sealed class AddressAllocator
{
    private readonly Lock _lock = new();
    private readonly HashSet<IpAddress> _taken = [];
    private readonly Dictionary<IpFamily, IpAddress> _last = [];
    private List<AddressPool> _pools = [];

    /// <summary>How full each family's pool is.</summary>
    public ValueList<PoolUsage> Usage
    {
        get
        {
            lock (_lock)
            {
                return _pools.Select(static pool => new PoolUsage(pool.Prefix, pool.TakenCount, pool.Size - pool.TakenCount)).ToValueList();
            }
        }
    }

    /// <summary>The podCIDRs that new addresses come from.</summary>
    public ValueList<IpPrefix> Prefixes
    {
        get
        {
            lock (_lock)
            {
                return _pools.Select(static pool => pool.Prefix).ToValueList();
            }
        }
    }

    /// <summary>Takes new addresses from these podCIDRs from now on; of several of one family only the first is used.</summary>
    public void UsePrefixes(ValueList<IpPrefix> prefixes)
    {
        lock (_lock)
        {
            var wanted = prefixes.DistinctBy(static prefix => prefix.Family).OrderBy(static prefix => prefix.Family).ToList();
            _pools = wanted.ConvertAll(prefix => _pools.Find(pool => pool.Prefix == prefix) ?? Fill(new AddressPool(prefix)));
        }
    }

    /// <summary>Takes one address of each family.</summary>
    /// <exception cref="CniException">Code 102: a family has none left; then none is taken. Code 11: there is no podCIDR.</exception>
    public ValueList<IpAddress> Take()
    {
        lock (_lock)
        {
            if (_pools.Count == 0)
            {
                throw new CniException(CniErrorCode.TryAgainLater, "the node has no podCIDR yet");
            }

            var addresses = new List<IpAddress>(_pools.Count);
            foreach (var pool in _pools)
            {
                if (!pool.TryTakeNext(out var address))
                {
                    FreeAll(addresses);
                    throw new CniException(CniErrorCode.AddressesExhausted, $"no free address is left in the node's podCIDR {pool.Prefix}", $"all {pool.Size} are in use");
                }

                _taken.Add(address);
                addresses.Add(address);
            }

            addresses.ForEach(address => _last[address.Family] = address);
            return addresses.ToValueList();
        }
    }

    /// <summary>Marks the addresses of a pod that was found running as taken. False when one of them belongs to another pod.</summary>
    public bool TryAdopt(ValueList<IpAddress> addresses)
    {
        lock (_lock)
        {
            if (addresses.Any(_taken.Contains))
            {
                return false;
            }

            foreach (var address in addresses)
            {
                _taken.Add(address);
                _pools.ForEach(pool => pool.TryTake(address));
            }

            return true;
        }
    }

    /// <summary>Continues the round after these addresses: the last ones given out before a restart.</summary>
    public void ContinueAfter(ValueList<IpAddress> last)
    {
        lock (_lock)
        {
            foreach (var address in last)
            {
                _last[address.Family] = address;
                _pools.ForEach(pool => pool.ContinueAfter(address));
            }
        }
    }

    /// <summary>Frees a pod's addresses.</summary>
    public void Free(ValueList<IpAddress> addresses)
    {
        lock (_lock)
        {
            FreeAll(addresses);
        }
    }

    private AddressPool Fill(AddressPool pool)
    {
        foreach (var address in _taken)
        {
            pool.TryTake(address);
        }

        foreach (var (_, last) in _last)
        {
            pool.ContinueAfter(last);
        }

        return pool;
    }

    private void FreeAll(IEnumerable<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            if (_taken.Remove(address))
            {
                _pools.ForEach(pool => pool.Free(address));
            }
        }
    }
}

/// <summary>How full a podCIDR is.</summary>
public readonly record struct PoolUsage(IpPrefix Prefix, int Taken, int Free);
