using Kn.Ingress.Http;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Hpack;

namespace Kn.Ingress.Http2;

/// <summary>Windows both ways (RFC 9113 §5.2), and frames of streams out.</summary>
internal abstract partial class Http2Peer
{
    private const int FirstWindow = 65_535;

    /// <summary>DATA is cut to a size of which several have room in the buffer, so that streams take turns.</summary>
    private const int MaxData = FrameHeader.MaxLength - FrameHeader.Size;

    private const int MinUseful = 64;

    private int _sendWindow = FirstWindow;
    private int _receiveWindow = FirstWindow;
    private int _credit;

    /// <summary>How much the peer takes on all streams together.</summary>
    public int SendWindow => _sendWindow;

    /// <summary>How much is taken of the peer, on all streams together.</summary>
    protected abstract int ConnectionWindow { get; }

    /// <summary>How much is taken of the peer on a stream.</summary>
    public abstract int StreamWindow { get; }

    /// <summary>So many octets of DATA have been used up: the peer may send as many more.</summary>
    public void Credit(int octets)
    {
        _credit += octets;
        if (_credit >= ConnectionWindow / 2 && !_isLingering && !IsClosed)
        {
            OpenWindow(_credit);
            _credit = 0;
        }
    }

    /// <summary>The same for one stream.</summary>
    public void CreditStream(int stream, int octets) => Commit(FrameWriter.WindowUpdate(Reserve(FrameHeader.Size + 4), stream, octets));

    /// <summary>Sends as much of a stream's content as the windows have room for.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="content">The content.</param>
    /// <param name="endsStream">Whether nothing comes after it.</param>
    /// <returns>How much; what ends the stream has been said only where that is all.</returns>
    public int WriteData(Http2Stream stream, ReadOnlySpan<byte> content, bool endsStream)
    {
        var written = 0;
        do
        {
            var count = Math.Min(Math.Min(content.Length - written, MaxData), Math.Max(0, Math.Min(_sendWindow, stream.SendWindow)));
            if (count == 0 && written < content.Length)
            {
                break;
            }

            var isLast = endsStream && written + count == content.Length;
            var frame = Reserve(FrameHeader.Size + count);
            new FrameHeader(count, FrameKind.Data, isLast ? FrameFlags.EndStream : FrameFlags.None, stream.Id).Write(frame);
            content.Slice(written, count).CopyTo(frame[FrameHeader.Size..]);
            Commit(FrameHeader.Size + count);
            written += count;
            _sendWindow -= count;
            stream.SendWindow -= count;
        }
        while (written < content.Length);
        if (written > 0)
        {
            // Whoever is sent something has two windows to open; not so for a few octets each time.
            Earn((written < MinUseful ? 1 : 2) + (written >> 8));
        }

        return written;
    }

    /// <summary>Begins a header block.</summary>
    public FieldBlockWriter BeginBlock() => new(_encoder, Worker.Http2.Block);

    /// <summary>Sends a header block.</summary>
    public void WriteBlock(int stream, in FieldBlockWriter block, bool endsStream)
    {
        var rest = Worker.Http2.Block.AsSpan(0, block.Length);
        var kind = FrameKind.Headers;
        do
        {
            var part = rest[..Math.Min(rest.Length, MaxData)];
            rest = rest[part.Length..];
            var flags = (kind == FrameKind.Headers && endsStream ? FrameFlags.EndStream : FrameFlags.None) | (rest.IsEmpty ? FrameFlags.EndHeaders : FrameFlags.None);
            var frame = Reserve(FrameHeader.Size + part.Length);
            new FrameHeader(part.Length, kind, flags, stream).Write(frame);
            part.CopyTo(frame[FrameHeader.Size..]);
            Commit(FrameHeader.Size + part.Length);
            kind = FrameKind.Continuation;
        }
        while (!rest.IsEmpty);
    }

    /// <summary>Ends a stream with trailers.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="lines">The trailers, as lines with an empty one at their end.</param>
    public void WriteTrailers(int stream, ReadOnlySpan<byte> lines)
    {
        var fields = Worker.Http2.Trailers;
        var block = BeginBlock();
        if (fields.Read(lines, 0) == HeadFault.None)
        {
            foreach (ref readonly var field in fields.All)
            {
                block.Field(lines.Slice(field.Start, field.NameLength), field.Value(lines));
            }
        }

        WriteBlock(stream, block, endsStream: true);
    }

    /// <summary>Resets a stream.</summary>
    public void WriteReset(int stream, Http2Error error) => Commit(FrameWriter.Reset(Reserve(FrameHeader.Size + 4), stream, error));

    /// <summary>Lets the peer send as much as <see cref="ConnectionWindow"/> says from the beginning.</summary>
    protected void OpenConnectionWindow() => OpenWindow(ConnectionWindow - FirstWindow);

    private void OpenWindow(int octets)
    {
        _receiveWindow += octets;
        Commit(FrameWriter.WindowUpdate(Reserve(FrameHeader.Size + 4), 0, octets));
    }

    private bool TryReceive(int octets)
    {
        _receiveWindow -= octets;
        return _receiveWindow >= 0;
    }

    private Http2Error OnWindowUpdate(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var increment = FramePayload.ReadStream(payload);
        if (!MayWaste())
        {
            return Http2Error.EnhanceYourCalm;
        }

        if (header.Stream == 0)
        {
            return OnConnectionWindow(increment);
        }

        if (IsIdle(header.Stream))
        {
            return Http2Error.Protocol;
        }

        if (!Streams.TryGetValue(header.Stream, out var stream))
        {
            return Http2Error.None;
        }

        if (increment == 0 || !stream.TryWiden(increment))
        {
            stream.Fail(increment == 0 ? Http2Error.Protocol : Http2Error.FlowControl);
        }
        else
        {
            stream.Resume();
        }

        return Http2Error.None;
    }

    private Http2Error OnConnectionWindow(int increment)
    {
        if (increment == 0)
        {
            return Http2Error.Protocol;
        }

        if ((long)_sendWindow + increment > int.MaxValue)
        {
            return Http2Error.FlowControl;
        }

        var wasShut = _sendWindow <= 0;
        _sendWindow += increment;
        if (wasShut)
        {
            ResumeStreams();
        }

        return Http2Error.None;
    }
}
