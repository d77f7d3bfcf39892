using Kn.Primitives;

namespace Kn.Lab.ApiServer.Allocation;

/// <summary>ClusterIPs of one family: which are taken, and a free one.</summary>
/// <remarks>Dynamic addresses come from the upper band first, so that people can pick from the lower one:
/// https://kubernetes.io/docs/concepts/services-networking/cluster-ip-allocation/. Not thread-safe: used under the store's gate.</remarks>
internal sealed class AddressAllocator
{
    private readonly HashSet<IpAddress> _used = [];
    private readonly Random _random;
    private readonly UInt128 _count;
    private readonly UInt128 _staticBand;

    public AddressAllocator(IpPrefix prefix, Random random)
    {
        Prefix = prefix;
        _random = random;
        var hostBits = prefix.Address.BitCount - prefix.Length;
        var size = hostBits >= 64 ? (UInt128)1 << 64 : (UInt128)1 << hostBits;
        // Neither the network's own address nor, for IPv4, the broadcast address.
        _count = size - (prefix.Family == IpFamily.V4 ? 2u : 1u);
        _staticBand = UInt128.Min(UInt128.Max(16, size / 16), 256);
        if (_staticBand >= _count)
        {
            _staticBand = 0;
        }
    }

    public IpPrefix Prefix { get; }

    public bool IsUsed(IpAddress address) => _used.Contains(address);

    public void Take(IpAddress address) => _used.Add(address);

    public void Free(IpAddress address) => _used.Remove(address);

    /// <summary>A free address, not yet taken; null when the prefix is full.</summary>
    public IpAddress? FindFree() => FindFree(_staticBand, _count) ?? FindFree(0, _staticBand);

    private IpAddress? FindFree(UInt128 from, UInt128 to)
    {
        var span = to - from;
        if (span == UInt128.Zero)
        {
            return null;
        }

        var start = (UInt128)_random.NextInt64(0, (long)UInt128.Min(span, long.MaxValue));
        var tries = UInt128.Min(span, (UInt128)_used.Count + 1);
        for (UInt128 i = 0; i < tries; i++)
        {
            var candidate = Prefix.Address.Add(1 + from + ((start + i) % span));
            if (!_used.Contains(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
