using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>The addresses of one podCIDR: which are taken, and which is next. Not thread-safe.</summary>
/// <remarks>Next-fit: the search starts after the last address given out, so that a freed address rests for a whole round before
/// somebody else gets it: connections and DNS answers of the old pod die out meanwhile. Only the first 65,536 addresses of a
/// larger prefix are used (8 KiB of bits); no node runs that many pods.</remarks>
public sealed class AddressPool
{
    /// <summary>How many addresses of a prefix are used at most.</summary>
    public const int MaxSize = 1 << 16;

    private readonly ulong[] _taken;
    private readonly int _first;
    private readonly int _end;
    private int _next;

    /// <summary>A pool without pods.</summary>
    public AddressPool(IpPrefix prefix)
    {
        Prefix = prefix;
        var hostBits = prefix.Address.BitCount - prefix.Length;
        var size = hostBits >= 16 ? MaxSize : 1 << hostBits;
        var whole = hostBits <= 16;
        // A prefix of one or two addresses has neither a network nor a broadcast address (RFC 3021, RFC 6164). IPv6 has no broadcast;
        // its first address is the subnet-router anycast address (RFC 4291 §2.6.1).
        _first = hostBits >= 2 ? 1 : 0;
        _end = prefix.Family == IpFamily.V4 && hostBits >= 2 && whole ? size - 1 : size;
        _taken = new ulong[(size + 63) / 64];
        _next = _first;
    }

    /// <summary>The podCIDR.</summary>
    public IpPrefix Prefix { get; }

    /// <summary>How many addresses can be given to pods in all.</summary>
    public int Size => _end - _first;

    /// <summary>How many are taken now.</summary>
    public int TakenCount { get; private set; }

    /// <summary>Takes the next free address.</summary>
    public bool TryTakeNext(out IpAddress address)
    {
        for (var tried = 0; tried < Size; tried++)
        {
            var index = _next;
            _next = index + 1 < _end ? index + 1 : _first;
            if (!IsTaken(index))
            {
                Set(index);
                address = Prefix.Address.Add((UInt128)index);
                return true;
            }
        }

        address = default;
        return false;
    }

    /// <summary>Takes this address. False when it is taken already, or not one for pods.</summary>
    public bool TryTake(IpAddress address)
    {
        if (!TryIndex(address, out var index) || IsTaken(index))
        {
            return false;
        }

        Set(index);
        return true;
    }

    /// <summary>Frees an address; one that is free, or not of this pool, is none of its business.</summary>
    public void Free(IpAddress address)
    {
        if (TryIndex(address, out var index) && IsTaken(index))
        {
            _taken[index >> 6] &= ~(1UL << (index & 63));
            TakenCount--;
        }
    }

    /// <summary>Lets the search go on after this address, as if it had just been given out.</summary>
    public void ContinueAfter(IpAddress address)
    {
        if (TryIndex(address, out var index))
        {
            _next = index + 1 < _end ? index + 1 : _first;
        }
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

    private void Set(int index)
    {
        _taken[index >> 6] |= 1UL << (index & 63);
        TakenCount++;
    }
}
