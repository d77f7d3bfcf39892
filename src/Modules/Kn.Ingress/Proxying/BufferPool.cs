using System.Numerics;

namespace Kn.Ingress.Proxying;

/// <summary>Buffers of one thread. A connection has one only while something of it is incomplete, so few are in use at a time.</summary>
internal sealed class BufferPool
{
    private const int SmallestBits = 12;
    private const int LargestBits = 19;

    /// <summary>How much of each size is kept.</summary>
    private const int KeptBytes = 1 << 20;

    private readonly Stack<byte[]>[] _free = new Stack<byte[]>[LargestBits - SmallestBits + 1];

    /// <summary>An empty pool.</summary>
    public BufferPool()
    {
        for (var index = 0; index < _free.Length; index++)
        {
            _free[index] = new Stack<byte[]>();
        }
    }

    /// <summary>A buffer of so many bytes at least, with anything in it.</summary>
    public byte[] Rent(int bytes)
    {
        var index = Class(bytes);
        if (index >= _free.Length)
        {
            return GC.AllocateUninitializedArray<byte>(bytes);
        }

        return _free[index].TryPop(out var buffer) ? buffer : GC.AllocateUninitializedArray<byte>(1 << (index + SmallestBits));
    }

    /// <summary>Gives a buffer back; the caller forgets it.</summary>
    public void Return(byte[] buffer)
    {
        var index = Class(buffer.Length);
        if (index < _free.Length && buffer.Length == 1 << (index + SmallestBits) && _free[index].Count < Math.Max(4, KeptBytes >> (index + SmallestBits)))
        {
            _free[index].Push(buffer);
        }
    }

    private static int Class(int bytes) => bytes <= 1 << SmallestBits ? 0 : BitOperations.Log2((uint)bytes - 1) + 1 - SmallestBits;
}
