using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>The addresses of one podCIDR: which are taken, which cool down, and which is next. Not thread-safe.</summary>
/// <remarks>
/// <para>Next-fit with a cool-down: the search starts after the last address given out, and passes over addresses that were freed a moment ago,
/// so that connections, conntrack entries and DNS answers of the old pod die out before somebody else gets its address.</para>
/// <para>When nothing but cooling addresses is left, the one that has cooled longest is given out: a pod that starts is worth more than
/// the rest of a rest. <see cref="TakenEarly"/> counts it.</para>
/// <para>Only the first 65,536 addresses of a larger prefix are used (8 KiB of bits); no node runs that many pods.</para>
/// </remarks>
public sealed class AddressPool
{
    /// <summary>How many addresses of a prefix are used at most.</summary>
    public const int MaxSize = 1 << 16;

    private readonly TimeProvider _time;
    private readonly ulong[] _taken;
    private readonly ulong[] _reserved;
    private readonly Dictionary<int, long> _coolUntil = [];
    private readonly PriorityQueue<int, long> _cooling = new();
    private readonly int _first;
    private readonly int _end;
    private int _next;

    /// <summary>A pool without pods.</summary>
    /// <param name="prefix">The podCIDR.</param>
    /// <param name="reserved">What is never given out, within the prefix or not.</param>
    /// <param name="time">For the cool-down.</param>
    public AddressPool(IpPrefix prefix, ValueList<IpRange> reserved = default, TimeProvider? time = null)
    {
        Prefix = prefix;
        _time = time ?? TimeProvider.System;
        var hostBits = prefix.Address.BitCount - prefix.Length;
        var size = hostBits >= 16 ? MaxSize : 1 << hostBits;
        var whole = hostBits <= 16;
        // A prefix of one or two addresses has neither a network nor a broadcast address (RFC 3021, RFC 6164). IPv6 has no broadcast;
        // its first address is the subnet-router anycast address (RFC 4291 §2.6.1).
        _first = hostBits >= 2 ? 1 : 0;
        _end = prefix.Family == IpFamily.V4 && hostBits >= 2 && whole ? size - 1 : size;
        _taken = new ulong[(size + 63) / 64];
        _reserved = new ulong[_taken.Length];
        _next = _first;
        foreach (var range in reserved)
        {
            Reserve(range);
        }

        FreeCount = Size;
    }

    /// <summary>The podCIDR.</summary>
    public IpPrefix Prefix { get; }

    /// <summary>How many addresses can be given to pods in all.</summary>
    public int Size => _end - _first - ReservedCount;

    /// <summary>How many are never given out.</summary>
    public int ReservedCount { get; private set; }

    /// <summary>How many are taken now; one that was reserved later counts too.</summary>
    public int TakenCount { get; private set; }

    /// <summary>How many could still be given out, cooling ones included.</summary>
    public int FreeCount { get; private set; }

    /// <summary>How many of the free ones cool down.</summary>
    public int CoolingCount
    {
        get
        {
            ExpireCooling();
            return _coolUntil.Count;
        }
    }

    /// <summary>How many addresses were given out before they had cooled down, because there was no other.</summary>
    public long TakenEarly { get; internal set; }

    /// <summary>Takes the next free address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="within">Only of these ranges; empty for all.</param>
    public bool TryTakeNext(out IpAddress address, ValueList<IpRange> within = default)
    {
        address = default;
        ExpireCooling();
        if (FreeCount == 0 || (FindNext(within) ?? FindCooling(within)) is not { } index)
        {
            return false;
        }

        _next = After(index);
        Set(index);
        address = AddressAt(index);
        return true;
    }

    /// <summary>Takes this address, cooling or not. False when it is taken already, reserved, or not one for pods.</summary>
    public bool TryTake(IpAddress address)
    {
        if (!TryIndex(address, out var index) || IsTaken(index) || IsReserved(index))
        {
            return false;
        }

        Set(index);
        return true;
    }

    /// <summary>Marks the address of a pod that was found running, reserved or not.</summary>
    public void Adopt(IpAddress address)
    {
        if (TryIndex(address, out var index) && !IsTaken(index))
        {
            Set(index);
        }
    }

    /// <summary>Whether this address can be given to pods at all; in use or not.</summary>
    public bool IsForPods(IpAddress address) => TryIndex(address, out var index) && !IsReserved(index);

    /// <summary>Frees an address; one that is free, or not of this pool, is none of its business.</summary>
    /// <param name="address">The address.</param>
    /// <param name="coolDown">For how long nobody else should get it.</param>
    public void Free(IpAddress address, TimeSpan coolDown = default)
    {
        if (!TryIndex(address, out var index) || !IsTaken(index))
        {
            return;
        }

        _taken[index >> 6] &= ~(1UL << (index & 63));
        TakenCount--;
        FreeCount += IsReserved(index) ? 0 : 1;
        Cool(index, coolDown);
    }

    /// <summary>Lets an address that is free cool down, as before a restart.</summary>
    public void Cool(IpAddress address, TimeSpan coolDown)
    {
        if (TryIndex(address, out var index) && !IsTaken(index))
        {
            Cool(index, coolDown);
        }
    }

    /// <summary>Ends an address's cool-down. False when it did not cool.</summary>
    public bool TryWarm(IpAddress address)
    {
        ExpireCooling();
        return TryIndex(address, out var index) && _coolUntil.Remove(index);
    }

    /// <summary>Lets the search go on after this address, as if it had just been given out.</summary>
    public void ContinueAfter(IpAddress address)
    {
        if (TryIndex(address, out var index))
        {
            _next = After(index);
        }
    }

    private int? FindNext(ValueList<IpRange> within)
    {
        for (int tried = 0, index = _next; tried < _end - _first; tried++, index = After(index))
        {
            if (!IsTaken(index) && !IsReserved(index) && !_coolUntil.ContainsKey(index) && IsWithin(index, within))
            {
                return index;
            }
        }

        return null;
    }

    private int? FindCooling(ValueList<IpRange> within)
    {
        int? longest = null;
        foreach (var (index, until) in _coolUntil)
        {
            if (IsWithin(index, within) && (longest is not { } best || until < _coolUntil[best] || (until == _coolUntil[best] && index < best)))
            {
                longest = index;
            }
        }

        TakenEarly += longest is null ? 0 : 1;
        return longest;
    }

    private void Cool(int index, TimeSpan coolDown)
    {
        if (coolDown > TimeSpan.Zero && !IsReserved(index))
        {
            var until = _time.GetTimestamp() + (long)(coolDown.TotalSeconds * _time.TimestampFrequency);
            _coolUntil[index] = until;
            _cooling.Enqueue(index, until);
        }
    }

    private void ExpireCooling()
    {
        var now = _time.GetTimestamp();
        while (_cooling.TryPeek(out var index, out var until) && (until <= now || !IsCooling(index, until)))
        {
            _cooling.Dequeue();
            if (IsCooling(index, until))
            {
                _coolUntil.Remove(index);
            }
        }
    }

    /// <summary>False for what was taken, or freed anew, since it was queued.</summary>
    private bool IsCooling(int index, long until) => _coolUntil.TryGetValue(index, out var current) && current == until;

    private void Reserve(IpRange range)
    {
        if (!range.Overlaps(IpRange.Of(Prefix)))
        {
            return;
        }

        var from = range.First > Prefix.Address ? range.First.Number - Prefix.Address.Number : UInt128.Zero;
        for (var index = UInt128.Max(from, (UInt128)_first); index < (UInt128)_end && AddressAt((int)index) <= range.Last; index++)
        {
            var bit = 1UL << ((int)index & 63);
            ReservedCount += (_reserved[(int)index >> 6] & bit) == 0 ? 1 : 0;
            _reserved[(int)index >> 6] |= bit;
        }
    }

    private int After(int index) => index + 1 < _end ? index + 1 : _first;

    private IpAddress AddressAt(int index) => Prefix.Address.Add((UInt128)index);

    private bool IsWithin(int index, ValueList<IpRange> within)
    {
        if (within.IsEmpty)
        {
            return true;
        }

        var address = AddressAt(index);
        return within.Any(range => range.Contains(address));
    }

    private bool TryIndex(IpAddress address, out int index)
    {
        index = -1;
        if (!Prefix.Contains(address))
        {
            return false;
        }

        var offset = address.Number - Prefix.Address.Number;
        if (offset < (UInt128)_first || offset >= (UInt128)_end)
        {
            return false;
        }

        index = (int)offset;
        return true;
    }

    private bool IsTaken(int index) => (_taken[index >> 6] & (1UL << (index & 63))) != 0;

    private bool IsReserved(int index) => (_reserved[index >> 6] & (1UL << (index & 63))) != 0;

    private void Set(int index)
    {
        _taken[index >> 6] |= 1UL << (index & 63);
        TakenCount++;
        FreeCount -= IsReserved(index) ? 0 : 1;
        _coolUntil.Remove(index);
    }
}
