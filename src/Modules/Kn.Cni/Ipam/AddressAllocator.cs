using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>Gives each pod one address of every family that the node has a podCIDR of. Thread-safe.</summary>
/// <remarks>Addresses outside the current podCIDRs (the node was given others meanwhile) stay with their pods; new ones come from the
/// current podCIDRs only.</remarks>
public sealed class AddressAllocator(IpamOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly HashSet<IpAddress> _taken = [];
    private readonly Dictionary<IpAddress, DateTimeOffset> _freed = [];
    private readonly Dictionary<IpFamily, IpAddress> _last = [];
    private ValueList<IpAddress> _ofNode;
    private List<AddressPool> _pools = [];

    /// <summary>An allocator with the default options.</summary>
    public AddressAllocator()
        : this(new IpamOptions(), TimeProvider.System)
    {
    }

    /// <summary>How full each family's pool is.</summary>
    public ValueList<PoolUsage> Usage
    {
        get
        {
            lock (_lock)
            {
                return _pools.Select(static pool => new PoolUsage(pool.Prefix, pool.TakenCount, pool.FreeCount, pool.CoolingCount, pool.ReservedCount, pool.TakenEarly)).ToValueList();
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

    /// <summary>Addresses in use, those of links that are about to be removed included.</summary>
    public ValueList<IpAddress> Taken
    {
        get
        {
            lock (_lock)
            {
                return _taken.Order().ToValueList();
            }
        }
    }

    /// <summary>Takes new addresses from these podCIDRs from now on; of several of one family only the first is used.</summary>
    /// <param name="prefixes">The podCIDRs.</param>
    /// <param name="ofNode">Addresses that the node itself has, such as those of a bridge: as good as reserved.</param>
    public void UsePrefixes(ValueList<IpPrefix> prefixes, ValueList<IpAddress> ofNode = default)
    {
        lock (_lock)
        {
            var wanted = prefixes.DistinctBy(static prefix => prefix.Family).OrderBy(static prefix => prefix.Family).ToList();
            var old = ofNode == _ofNode ? _pools : [];
            var before = _pools;
            _ofNode = ofNode;
            _pools = wanted.ConvertAll(prefix => old.Find(pool => pool.Prefix == prefix) ?? Fill(prefix, before.Find(pool => pool.Prefix.Family == prefix.Family)?.TakenEarly ?? 0));
        }
    }

    /// <summary>Takes one address of each family, whichever is next.</summary>
    /// <inheritdoc cref="Take(AddressRequest)"/>
    public ValueList<IpAddress> Take() => Take(AddressRequest.Any);

    /// <summary>Takes one address of each family.</summary>
    /// <exception cref="CniException">Code 104: an address that is asked for cannot be had. Code 102: a family has none left. Code 11: there is
    /// no podCIDR. Then none is taken.</exception>
    public ValueList<IpAddress> Take(AddressRequest request)
    {
        lock (_lock)
        {
            if (_pools.Count == 0)
            {
                throw new CniException(CniErrorCode.TryAgainLater, "the node has no podCIDR yet");
            }

            RequireOneOfEachFamily(request);
            var addresses = new List<IpAddress>(_pools.Count);
            try
            {
                foreach (var pool in _pools)
                {
                    addresses.Add(TakeOf(pool, request));
                }
            }
            catch (CniException)
            {
                addresses.ForEach(Return);
                throw;
            }

            return Keep(addresses, request);
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
                _freed.Remove(address);
                _pools.ForEach(pool => pool.Adopt(address));
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

    /// <summary>Goes on with a cool-down that began before a restart.</summary>
    public void ContinueCooling(IpAddress address, DateTimeOffset freedAt)
    {
        lock (_lock)
        {
            if (!_taken.Contains(address) && CoolDownLeft(freedAt, time.GetUtcNow()) is var left && left > TimeSpan.Zero)
            {
                _freed[address] = freedAt;
                _pools.ForEach(pool => pool.Cool(address, left));
            }
        }
    }

    /// <summary>Ends an address's cool-down. False when it did not cool.</summary>
    public bool TryWarm(IpAddress address)
    {
        lock (_lock)
        {
            _freed.Remove(address);
            return _pools.Exists(pool => pool.TryWarm(address));
        }
    }

    /// <summary>Frees a pod's addresses; they cool down.</summary>
    public void Free(ValueList<IpAddress> addresses)
    {
        lock (_lock)
        {
            Forget(_freed.Where(entry => CoolDownLeft(entry.Value, time.GetUtcNow()) <= TimeSpan.Zero).Select(static entry => entry.Key).ToList());
            foreach (var address in addresses)
            {
                if (_taken.Remove(address))
                {
                    _freed[address] = time.GetUtcNow();
                    _pools.ForEach(pool => pool.Free(address, options.CoolDown));
                }
            }
        }
    }

    private static IpAddress TakeOf(AddressPool pool, AddressRequest request)
    {
        if (request.WantedOf(pool.Prefix.Family) is { } wanted)
        {
            return pool.TryTake(wanted) ? wanted : throw Refuse(pool, request.Source, wanted);
        }

        var within = request.WithinOf(pool.Prefix.Family);
        if (pool.TryTakeNext(out var address, within))
        {
            return address;
        }

        var where = within.IsEmpty ? "" : $" within {string.Join(", ", within.AsEnumerable())}";
        throw new CniException(
            CniErrorCode.AddressesExhausted,
            $"no free address is left in the node's podCIDR {pool.Prefix}{where}",
            within.IsEmpty ? $"all {pool.Size} are in use" : "runtimeConfig.ipRanges asks for these ranges");
    }

    private void RequireOneOfEachFamily(AddressRequest request)
    {
        foreach (var family in request.Wanted.GroupBy(static address => address.Family))
        {
            if (family.Count() > 1)
            {
                throw new CniException(CniErrorCode.AddressRefused, $"{request.Source} asks for {string.Join(" and ", family)}: a pod has one address of a family");
            }

            if (!_pools.Exists(pool => pool.Prefix.Family == family.Key))
            {
                throw new CniException(CniErrorCode.AddressRefused, $"{request.Source} asks for {family.First()}, and the node has no podCIDR of that family");
            }
        }
    }

    private static CniException Refuse(AddressPool pool, string source, IpAddress wanted)
    {
        var why = !pool.Prefix.Contains(wanted) ? $"which is not in the node's podCIDR {pool.Prefix}"
            : !pool.IsForPods(wanted) ? $"which is reserved: by the config (cni.ipam.reserved), by the node itself, or as an end of the podCIDR {pool.Prefix}"
            : "which is in use";
        return new CniException(CniErrorCode.AddressRefused, $"{source} asks for {wanted}, {why}");
    }

    private ValueList<IpAddress> Keep(List<IpAddress> addresses, AddressRequest request)
    {
        foreach (var address in addresses)
        {
            _taken.Add(address);
            _freed.Remove(address);
            // An address that was asked for says nothing of where the round is.
            if (request.WantedOf(address.Family) is null)
            {
                _last[address.Family] = address;
            }
        }

        return addresses.ToValueList();
    }

    private AddressPool Fill(IpPrefix prefix, long takenEarly)
    {
        var pool = new AddressPool(prefix, options.Reserved.Concat(_ofNode.Select(IpRange.Of)).ToValueList(), time) { TakenEarly = takenEarly };
        foreach (var address in _taken)
        {
            pool.Adopt(address);
        }

        // In their order and with one look at the clock, so that the one that has cooled longest is so here, too.
        var now = time.GetUtcNow();
        foreach (var (address, freedAt) in _freed.OrderBy(static entry => entry.Value))
        {
            pool.Cool(address, CoolDownLeft(freedAt, now));
        }

        foreach (var (_, last) in _last)
        {
            pool.ContinueAfter(last);
        }

        return pool;
    }

    private TimeSpan CoolDownLeft(DateTimeOffset freedAt, DateTimeOffset now)
    {
        // A clock that was set back meanwhile must not make a cool-down longer than it is.
        var gone = now - freedAt;
        return options.CoolDown - (gone > TimeSpan.Zero ? gone : TimeSpan.Zero);
    }

    private void Forget(List<IpAddress> cooled) => cooled.ForEach(address => _freed.Remove(address));

    /// <summary>Gives back an address that nobody has seen.</summary>
    private void Return(IpAddress address) => _pools.ForEach(pool => pool.Free(address));
}

/// <summary>How full a podCIDR is.</summary>
/// <param name="Prefix">The podCIDR.</param>
/// <param name="Taken">Addresses in use.</param>
/// <param name="Free">Addresses that can be given out, cooling ones included.</param>
/// <param name="Cooling">Of the free ones, those that were in use a moment ago.</param>
/// <param name="Reserved">Addresses that no pod gets.</param>
/// <param name="TakenEarly">How often an address was given out before it had cooled down, because there was no other.</param>
public readonly record struct PoolUsage(IpPrefix Prefix, int Taken, int Free, int Cooling = 0, int Reserved = 0, long TakenEarly = 0);
