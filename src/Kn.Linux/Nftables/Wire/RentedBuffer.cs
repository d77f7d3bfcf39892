using System.Buffers;

namespace Kn.Linux.Nftables;

/// <summary>A buffer of the pool, given back on Dispose.</summary>
internal readonly struct RentedBuffer(int minimumBytes) : IDisposable
{
    private readonly byte[] _array = ArrayPool<byte>.Shared.Rent(minimumBytes);

    internal Span<byte> Span => _array;

    public void Dispose() => ArrayPool<byte>.Shared.Return(_array);
}
