using System.Runtime.InteropServices;

namespace Kn.Linux.Nftables;

/// <summary>Room for a batch's messages: from the pool, or outside of the managed heap where a large batch would make the collector look at
/// everything for the sake of one array.</summary>
internal readonly unsafe struct BatchBuffer : IDisposable
{
    private const int PooledBytes = 1 << 16;

    // Key, data and their headers for IPv4, or a comment besides. Too little only costs a copy into a buffer of the pool.
    private const int BytesPerElement = 96;

    private readonly RentedBuffer? _pooled;
    private readonly void* _native;
    private readonly int _bytes;

    internal BatchBuffer(NftBatch batch)
    {
        var elements = batch.Operations.Sum(static operation => operation is ElementsOperation some ? some.Elements.Count : 0);
        _bytes = checked(PooledBytes + (elements * BytesPerElement));
        if (elements * BytesPerElement <= PooledBytes)
        {
            _pooled = new RentedBuffer(PooledBytes);
        }
        else
        {
            _native = NativeMemory.Alloc((nuint)_bytes);
        }
    }

    internal Span<byte> Span => _pooled is { } pooled ? pooled.Span : new Span<byte>(_native, _bytes);

    public void Dispose()
    {
        _pooled?.Dispose();
        NativeMemory.Free(_native);
    }
}
