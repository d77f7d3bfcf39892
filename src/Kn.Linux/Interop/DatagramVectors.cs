using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

/// <summary>The memory that recvmmsg(2) and sendmmsg(2) work on: headers, addresses and buffers of a number of datagrams, outside of the
/// collector's reach, so that nothing has to be pinned.</summary>
/// <remarks>
/// <para>A slot has a request of its own; responses stand one behind the other. One thread at a time.</para>
/// <para>Most of a buffer is never touched, so where buffers begin decides what the processor's caches hold: requests are an odd number of cache lines apart, and
/// so use all sets of a cache and not a few; responses, of a hundred bytes or so, share pages.</para>
/// </remarks>
internal sealed unsafe class DatagramVectors : IDisposable
{
    private const int CacheLine = 64;

    /// <summary>Responses begin at multiples of it.</summary>
    private const int ResponseStep = 16;

    private readonly int _slots;
    private readonly int _requestBytes;
    private readonly int _responseBytes;
    private readonly byte* _memory;
    private readonly MultiMessageHeader* _received;
    private readonly MultiMessageHeader* _sent;
    private readonly IoVector* _vectors;
    private readonly byte* _names;
    private readonly byte* _requests;
    private readonly byte* _responses;
    private readonly int _requestStride;
    private int _toSend;
    private int _responsesEnd;

    internal DatagramVectors(int slots, int requestBytes, int responseBytes)
    {
        _slots = slots;
        _requestBytes = requestBytes;
        _responseBytes = responseBytes;
        _requestStride = (((requestBytes + CacheLine - 1) / CacheLine) | 1) * CacheLine;
        var headers = (nuint)(slots * sizeof(MultiMessageHeader));
        var vectors = (nuint)(2 * slots * sizeof(IoVector));
        const int NameBytes = 32;
        var size = (2 * headers) + vectors + (nuint)(slots * (NameBytes + _requestStride + responseBytes + ResponseStep));
        _memory = (byte*)NativeMemory.AlignedAlloc(size, CacheLine);
        NativeMemory.Clear(_memory, size);
        _received = (MultiMessageHeader*)_memory;
        _sent = (MultiMessageHeader*)(_memory + headers);
        _vectors = (IoVector*)(_memory + (2 * headers));
        _names = _memory + (2 * headers) + vectors;
        _requests = _names + (slots * NameBytes);
        _responses = _requests + (slots * _requestStride);
        for (var slot = 0; slot < slots; slot++)
        {
            _vectors[slot] = new IoVector { Start = _requests + (slot * _requestStride), Length = (nuint)requestBytes };
            _received[slot].Header = new MessageHeader { Name = _names + (slot * NameBytes), Vectors = &_vectors[slot], VectorCount = 1 };
            _sent[slot].Header = new MessageHeader { Vectors = &_vectors[slots + slot], VectorCount = 1 };
        }
    }

    /// <summary>Waits for datagrams; negative with errno when it failed.</summary>
    internal int Receive(SafeFileHandle socket)
    {
        for (var slot = 0; slot < _slots; slot++)
        {
            // The kernel writes how long the address was here.
            _received[slot].Header.NameLength = SocketAddress.MaxSize;
        }

        _toSend = 0;
        _responsesEnd = 0;
        return Libc.recvmmsg(socket, _received, (uint)_slots, Libc.MSG_WAITFORONE, timeout: 0);
    }

    internal ReadOnlySpan<byte> Request(int slot) => new(_vectors[slot].Start, (int)Math.Min(_received[slot].Length, (uint)_requestBytes));

    /// <summary>True when the datagram was longer than its buffer.</summary>
    internal bool IsCut(int slot) => (_received[slot].Header.Flags & Libc.MSG_TRUNC) != 0;

    /// <summary>The sender's address as the kernel wrote it.</summary>
    internal ReadOnlySpan<byte> Sender(int slot) => new(_received[slot].Header.Name, SocketAddress.MaxSize);

    /// <summary>Where the next response is written.</summary>
    internal Span<byte> NextResponse => new(_responses + _responsesEnd, _responseBytes);

    /// <summary>Lets the first bytes of the next response be sent to the slot's sender.</summary>
    internal void Reply(int slot, int length)
    {
        ref var message = ref _sent[_toSend];
        message.Header.Name = _received[slot].Header.Name;
        message.Header.NameLength = _received[slot].Header.NameLength;
        _vectors[_slots + _toSend] = new IoVector { Start = _responses + _responsesEnd, Length = (nuint)length };
        _toSend++;
        _responsesEnd += (length + ResponseStep - 1) & ~(ResponseStep - 1);
    }

    /// <summary>Sends what was said to be sent; returns how many the kernel refused, one by one.</summary>
    internal int Send(SafeFileHandle socket)
    {
        var refused = 0;
        for (var next = 0; next < _toSend;)
        {
            var sent = Libc.sendmmsg(socket, _sent + next, (uint)(_toSend - next), 0);
            if (sent > 0)
            {
                next += sent;
            }
            else if (Libc.LastError != Errno.EINTR)
            {
                // One client that cannot be reached must not keep the others from their answers.
                next++;
                refused++;
            }
        }

        _toSend = 0;
        return refused;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        GC.SuppressFinalize(this);
    }
}
