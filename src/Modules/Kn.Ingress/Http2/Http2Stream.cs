using System.Buffers.Text;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Messages;
using Kn.Ingress.Proxying;

namespace Kn.Ingress.Http2;

/// <summary>A stream as the side of an exchange that it is: what comes is spelled as HTTP/1.1, and what is sent is taken apart into frames.</summary>
/// <remarks>What has come and was not asked for yet is bounded by the window that the peer was given; what waits to be sent is what one read of the other side
/// took, since <see cref="HasPending"/> is true meanwhile.</remarks>
internal abstract class Http2Stream(Http2Peer connection, BufferPool buffers)
{
    private ByteQueue _in;
    private ByteQueue _out;
    private BodySplitter _sent;
    private int _receiveWindow;
    private int _uncredited;
    private int _consumed;
    private long _bodyLeft;
    private bool _isChunked;
    private bool _endIsDue;
    private long _deadline = long.MaxValue;

    /// <summary>Its number; 0 while it has none.</summary>
    public int Id { get; private set; }

    /// <summary>How much the peer takes on it; below zero where the peer has changed its mind.</summary>
    public int SendWindow { get; set; }

    /// <summary>Whether nothing is to be done with it any more.</summary>
    public bool IsOver { get; private set; } = true;

    /// <summary>When patience with it ends.</summary>
    public long Deadline
    {
        get => _deadline;
        set
        {
            _deadline = value;
            connection.WakeBy(value);
        }
    }

    /// <summary>Whether something waits to be sent on it.</summary>
    public bool HasPending => _out.Length > 0 || connection.IsFull;

    /// <summary>Whether the peer has ended its side.</summary>
    protected bool HasRemoteEnded { get; private set; }

    /// <summary>Whether this side has been ended, and the peer told.</summary>
    protected bool HasLocalEnded { get; private set; }

    /// <summary>How much of what has come waits.</summary>
    protected int Waiting => _in.Length;

    /// <summary>How much it takes now.</summary>
    protected int Window => Math.Min(SendWindow, connection.SendWindow);

    /// <summary>DATA has come.</summary>
    /// <param name="octets">What it counts for in the windows.</param>
    /// <param name="content">What it carries.</param>
    /// <param name="endsStream">Whether it is the last.</param>
    /// <returns>The error of the stream that it is.</returns>
    public virtual Http2Error OnData(int octets, ReadOnlySpan<byte> content, bool endsStream)
    {
        _receiveWindow -= octets;
        _uncredited += octets;
        if (HasRemoteEnded || _receiveWindow < 0)
        {
            return HasRemoteEnded ? Http2Error.StreamClosed : Http2Error.FlowControl;
        }

        if (_bodyLeft >= 0)
        {
            // A body is as long as its head has said (RFC 9113 §8.1.1).
            _bodyLeft -= content.Length;
            if (_bodyLeft < 0 || (endsStream && _bodyLeft > 0))
            {
                return Http2Error.Protocol;
            }
        }

        Append(content);
        if (endsStream)
        {
            EndRemote("0\r\n\r\n"u8);
        }

        if (_in.Length == 0)
        {
            Credit();
        }

        return Http2Error.None;
    }

    /// <summary>The peer opens the window, or shuts it.</summary>
    /// <returns>False when it would be larger than there is.</returns>
    public bool TryWiden(int octets)
    {
        if ((long)SendWindow + octets > int.MaxValue)
        {
            return false;
        }

        SendWindow += octets;
        return true;
    }

    /// <summary>There may be more to receive, or more room to send.</summary>
    public void Resume()
    {
        Drain();
        OnProgress();
    }

    /// <summary>The peer has reset it.</summary>
    /// <returns>False when it does that too often.</returns>
    public abstract bool OnReset(Http2Error error);

    /// <summary>It breaks the protocol: it is reset.</summary>
    public abstract void Fail(Http2Error error);

    /// <summary>Its connection is no more.</summary>
    public abstract void OnConnectionLost();

    /// <summary>Patience with it is at an end.</summary>
    public abstract void OnDeadline();

    /// <summary>Something can be done.</summary>
    protected abstract void OnProgress();

    /// <summary>Begins anew.</summary>
    protected void Begin(int sendWindow, int receiveWindow)
    {
        Id = 0;
        (SendWindow, _receiveWindow) = (sendWindow, receiveWindow);
        _uncredited = _consumed = 0;
        _bodyLeft = -1;
        _deadline = long.MaxValue;
        IsOver = HasRemoteEnded = HasLocalEnded = _isChunked = _endIsDue = false;
    }

    /// <summary>Gives it its number.</summary>
    protected void Number(int id) => Id = id;

    /// <summary>What comes is a body.</summary>
    /// <param name="length">As long as its head has said; -1 where that says nothing.</param>
    /// <param name="isChunked">Whether it is spelled in chunks.</param>
    protected void ExpectBody(long length, bool isChunked) => (_bodyLeft, _isChunked) = (length, isChunked);

    /// <summary>The peer has ended its side.</summary>
    /// <param name="chunks">How that is spelled, where its body is in chunks.</param>
    protected void EndRemote(ReadOnlySpan<byte> chunks)
    {
        HasRemoteEnded = true;
        if (_isChunked)
        {
            _in.Append(buffers, chunks);
        }
    }

    /// <summary>Whether the body has come as long as its head has said.</summary>
    protected bool IsBodyWhole => _bodyLeft <= 0;

    /// <summary>Has bytes received as they are.</summary>
    protected void AppendRaw(ReadOnlySpan<byte> bytes) => _in.Append(buffers, bytes);

    /// <summary>Gives what has come.</summary>
    protected int Take(Span<byte> buffer)
    {
        var count = _in.Take(buffers, buffer);
        Credit();
        return count;
    }

    /// <summary>Forgets what has come.</summary>
    protected void DropWaiting()
    {
        _in.Clear(buffers);
        Credit();
    }

    /// <summary>What is sent is a body of that framing.</summary>
    protected void BeginSending(BodySplitter body) => _sent = body;

    /// <summary>Sends a piece of the body, as HTTP/1.1 has it.</summary>
    protected void SendBody(ReadOnlySpan<byte> bytes)
    {
        while (_sent.Next(buffers, ref bytes, out var content))
        {
            SendContent(content);
        }

        if (_sent.IsDone)
        {
            End();
        }
    }

    /// <summary>Ends this side, after what waits.</summary>
    protected void End()
    {
        if (!_endIsDue)
        {
            _endIsDue = true;
            Drain();
        }
    }

    /// <summary>This side has been ended, with its head or after it.</summary>
    protected void EndLocal() => _endIsDue = HasLocalEnded = true;

    /// <summary>Takes it off; what it holds is given back.</summary>
    protected void Finish()
    {
        IsOver = true;
        _deadline = long.MaxValue;
        _in.Clear(buffers);
        _out.Clear(buffers);
        _sent.Clear(buffers);
        connection.Credit(_uncredited);
        _uncredited = 0;
    }

    private void SendContent(ReadOnlySpan<byte> content)
    {
        var isLast = _sent.IsDone && _sent.Trailers.IsEmpty;
        if (_out.Length == 0)
        {
            var written = connection.WriteData(this, content, isLast);
            content = content[written..];
            if (isLast && content.IsEmpty)
            {
                EndLocal();
                return;
            }
        }

        _out.Append(buffers, content);
    }

    private void Drain()
    {
        if (IsOver || HasLocalEnded)
        {
            return;
        }

        if (_out.Length > 0 && !connection.IsFull)
        {
            var isLast = _endIsDue && _sent.Trailers.IsEmpty;
            var waiting = _out.Length;
            var written = connection.WriteData(this, _out.Bytes, isLast);
            _out.Skip(buffers, written);
            if (isLast && written == waiting)
            {
                EndLocal();
                return;
            }
        }

        if (_endIsDue && _out.Length == 0)
        {
            WriteEnd();
        }
    }

    private void WriteEnd()
    {
        if (_sent.Trailers.IsEmpty)
        {
            connection.WriteData(this, default, endsStream: true);
        }
        else
        {
            connection.WriteTrailers(Id, _sent.Trailers);
        }

        EndLocal();
    }

    private void Append(ReadOnlySpan<byte> content)
    {
        if (!_isChunked || content.IsEmpty)
        {
            _in.Append(buffers, content);
            return;
        }

        Span<byte> size = stackalloc byte[10];
        _ = Utf8Formatter.TryFormat((uint)content.Length, size, out var length, 'x');
        size[length] = (byte)'\r';
        size[length + 1] = (byte)'\n';
        _in.Append(buffers, size[..(length + 2)]);
        _in.Append(buffers, content);
        _in.Append(buffers, "\r\n"u8);
    }

    /// <summary>Has the peer send as much more as has been used up, once that is worth a frame.</summary>
    private void Credit()
    {
        var used = _uncredited - _in.Length;
        if (used <= 0)
        {
            return;
        }

        _uncredited -= used;
        connection.Credit(used);
        _consumed += used;
        if (_consumed >= connection.StreamWindow / 2 && !HasRemoteEnded && !IsOver)
        {
            connection.CreditStream(Id, _consumed);
            _receiveWindow += _consumed;
            _consumed = 0;
        }
    }
}
