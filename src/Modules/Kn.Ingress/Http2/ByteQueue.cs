using Kn.Ingress.Proxying;

namespace Kn.Ingress.Http2;

/// <summary>Bytes that wait for their turn; has a buffer only while there are some.</summary>
internal struct ByteQueue
{
    private byte[]? _buffer;
    private int _from;
    private int _to;

    /// <summary>How many.</summary>
    public readonly int Length => _to - _from;

    /// <summary>All of them.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _buffer.AsSpan(_from, _to - _from);

    /// <summary>Adds some.</summary>
    public void Append(BufferPool buffers, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        if (_buffer is null || _buffer.Length - _to < bytes.Length)
        {
            MakeRoom(buffers, bytes.Length);
        }

        bytes.CopyTo(_buffer.AsSpan(_to));
        _to += bytes.Length;
    }

    /// <summary>Takes the first ones.</summary>
    /// <returns>How many.</returns>
    public int Take(BufferPool buffers, Span<byte> destination)
    {
        var count = Math.Min(destination.Length, Length);
        Bytes[..count].CopyTo(destination);
        Skip(buffers, count);
        return count;
    }

    /// <summary>Leaves out the first ones.</summary>
    public void Skip(BufferPool buffers, int count)
    {
        _from += count;
        if (_from == _to)
        {
            Clear(buffers);
        }
    }

    /// <summary>Forgets all.</summary>
    public void Clear(BufferPool buffers)
    {
        _from = _to = 0;
        if (_buffer is not null)
        {
            buffers.Return(_buffer);
            _buffer = null;
        }
    }

    private void MakeRoom(BufferPool buffers, int more)
    {
        var length = Length;
        var larger = _buffer is not null && _buffer.Length - length >= more ? _buffer : buffers.Rent(length + more);
        Bytes.CopyTo(larger);
        if (_buffer is not null && !ReferenceEquals(_buffer, larger))
        {
            buffers.Return(_buffer);
        }

        (_buffer, _from, _to) = (larger, 0, length);
    }
}
