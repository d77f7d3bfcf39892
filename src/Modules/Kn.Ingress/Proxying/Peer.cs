using Kn.Linux;
using Kn.Linux.Streams;

namespace Kn.Ingress.Proxying;

/// <summary>One connection of a worker: what it can do now, and what waits to be sent on it. For the worker's thread.</summary>
/// <remarks>Events come once, when something changes (edge-triggered), so what has not been used up is kept in mind here.</remarks>
internal abstract class Peer(Worker worker, ITransport transport)
{
    /// <summary>Nothing is there; an event will tell.</summary>
    public const int NotNow = -(int)Errno.EAGAIN;

    private byte[]? _pending;
    private int _pendingFrom;
    private int _pendingTo;

    /// <summary>Its place among the worker's connections.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>When its patience ends, in milliseconds of the worker's clock.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>Whether something may be there to receive.</summary>
    public bool CanRead { get; protected set; }

    /// <summary>Whether something may be sent.</summary>
    public bool CanWrite { get; protected set; }

    /// <summary>Whether the other side said that it sends no more; some of what it sent may not have been received.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Whether it is closed here.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether something waits to be sent: nothing more is to be made for it.</summary>
    public bool HasPending => _pending is not null;

    /// <summary>The worker.</summary>
    protected Worker Worker => worker;

    /// <summary>Its bytes.</summary>
    protected ITransport Transport => transport;

    /// <summary>Takes note of what it can do now, and goes on.</summary>
    public void OnEvents(PollEvents events)
    {
        CanRead |= (events & PollEvents.Readable) != 0;
        CanWrite |= (events & PollEvents.Writable) != 0;
        HasEnded |= (events & PollEvents.Ended) != 0;
        Run();
    }

    /// <summary>Does what can be done now.</summary>
    public abstract void Run();

    /// <summary>Its patience is at an end.</summary>
    public abstract void OnDeadline();

    /// <summary>The process is about to end.</summary>
    public virtual void OnDrain()
    {
    }

    /// <summary>Receives: how many bytes, 0 at the end, <see cref="NotNow"/>, or another negative number for a broken connection.</summary>
    public int Receive(Span<byte> buffer)
    {
        var count = transport.Receive(buffer);
        if (count == NotNow || (count < buffer.Length && count > 0 && !HasEnded && !transport.HasMore))
        {
            // Less than there was room for: there is no more, and an event will tell of more.
            CanRead = false;
        }

        return count;
    }

    /// <summary>Sends what is taken now, while nothing waits.</summary>
    /// <returns>How many bytes; <see cref="NotNow"/>, or another negative number for a broken connection.</returns>
    public int SendSome(ReadOnlySpan<byte> bytes)
    {
        var sent = transport.Send(bytes);
        CanWrite = sent == bytes.Length;
        return sent;
    }

    /// <summary>Sends, now or later, in order.</summary>
    /// <returns>False when the connection is broken.</returns>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        if (_pending is null && CanWrite)
        {
            var sent = transport.Send(bytes);
            if (sent == bytes.Length)
            {
                return true;
            }

            CanWrite = false;
            if (sent < 0 && sent != NotNow)
            {
                return false;
            }

            bytes = bytes[Math.Max(0, sent)..];
        }

        Keep(bytes);
        return true;
    }

    /// <summary>Sends what it can of what waits.</summary>
    /// <returns>False when the connection is broken.</returns>
    public bool Flush()
    {
        if (_pending is null || !CanWrite)
        {
            return true;
        }

        var sent = transport.Send(_pending.AsSpan(_pendingFrom.._pendingTo));
        if (sent < 0)
        {
            CanWrite = false;
            return sent == NotNow;
        }

        _pendingFrom += sent;
        CanWrite = _pendingFrom == _pendingTo;
        if (CanWrite)
        {
            DropPending();
        }

        return true;
    }

    /// <summary>Says that nothing more comes.</summary>
    public void EndSending() => transport.EndSending();

    /// <summary>Closes it. Safe to repeat.</summary>
    public virtual void Close()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            DropPending();
            worker.Remove(this);
            transport.Dispose();
        }
    }

    /// <summary>Gives its place to another, which has the connection from now on and goes on at once.</summary>
    protected virtual void HandOver(Peer to)
    {
        IsClosed = true;
        worker.Replace(this, to);

        // What was received with the last of what this one waited for may be in the transport's memory: no event tells of it.
        (to.CanRead, to.CanWrite, to.HasEnded) = (true, CanWrite, HasEnded);
        if (worker.IsDraining)
        {
            to.OnDrain();
        }

        to.Run();
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var length = _pendingTo - _pendingFrom;
        if (_pending is null || _pending.Length - _pendingTo < bytes.Length)
        {
            var larger = worker.Buffers.Rent(length + bytes.Length);
            _pending.AsSpan(_pendingFrom, length).CopyTo(larger);
            if (_pending is not null)
            {
                worker.Buffers.Return(_pending);
            }

            (_pending, _pendingFrom, _pendingTo) = (larger, 0, length);
        }

        bytes.CopyTo(_pending.AsSpan(_pendingTo));
        _pendingTo += bytes.Length;
    }

    private void DropPending()
    {
        if (_pending is not null)
        {
            worker.Buffers.Return(_pending);
            _pending = null;
            _pendingFrom = _pendingTo = 0;
        }
    }
}
