using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Hpack;

namespace Kn.Ingress.Http2;

/// <summary>Frames in.</summary>
internal abstract partial class Http2Peer
{
    /// <summary>Frames that are of no use to anybody: what a client of good will sends of them in a second is far less.</summary>
    private TokenBudget _idleFrames = new(2_000, 500);

    private readonly HpackTable _table = new();
    private PeerSettings _peer = new();
    private bool _hasSettings;
    private byte[]? _block;
    private int _blockLength;
    private int _blockStream;
    private bool _blockEndsStream;

    /// <summary>What the peer has said of itself.</summary>
    protected ref readonly PeerSettings PeerHas => ref _peer;

    /// <summary>Whether the peer has said so.</summary>
    protected bool HasSettings => _hasSettings;

    /// <summary>Whether part of a header block is there.</summary>
    protected bool IsInBlock => _blockStream != 0;

    /// <summary>Where strings of header blocks are decoded.</summary>
    protected Span<byte> Strings => Worker.HeadScratch;

    /// <summary>Longest header block, as it comes.</summary>
    protected abstract int MaxBlock { get; }

    /// <summary>The last stream of the peer's that something was done with.</summary>
    protected abstract int LastStream { get; }

    /// <summary>What comes before the first frame.</summary>
    /// <returns>How many octets were its; -1 when it is something else.</returns>
    protected virtual int ReadPreface(ReadOnlySpan<byte> bytes) => 0;

    /// <summary>Whether no stream of that number has ever been.</summary>
    protected abstract bool IsIdle(int stream);

    /// <summary>Whether the stream was reset here, so that the peer may not have known when it sent what comes now.</summary>
    protected abstract bool WasResetHere(int stream);

    /// <summary>A header block is whole.</summary>
    protected abstract Http2Error OnBlock(int stream, ReadOnlySpan<byte> block, bool endsStream);

    /// <summary>The peer takes no more streams.</summary>
    /// <param name="last">The last one that it does something with.</param>
    protected abstract void OnGoAway(int last);

    /// <summary>The peer has echoed a PING.</summary>
    protected virtual void OnPong()
    {
    }

    /// <summary>The peer has said something of itself.</summary>
    protected virtual void OnPeerSettings()
    {
    }

    /// <summary>Whether the peer may go on with what is of no use.</summary>
    protected bool MayWaste() => _idleFrames.TrySpend(1, Worker.Now);

    /// <summary>The peer has done something of use.</summary>
    protected void Earn(int tokens) => _idleFrames.Earn(tokens);

    /// <summary>Reads a header block to its end, though nobody wants what is in it.</summary>
    protected Http2Error SkipBlock(ReadOnlySpan<byte> block)
    {
        var reader = Read(block);
        while (reader.Next())
        {
        }

        return reader.IsBroken ? Http2Error.Compression : Http2Error.None;
    }

    /// <summary>Begins to read a header block.</summary>
    protected FieldBlockReader Read(ReadOnlySpan<byte> block) => new(_table, block, Strings);

    /// <summary>Goes through frames.</summary>
    /// <returns>How many octets were of whole frames.</returns>
    private int ReadFrames(ReadOnlySpan<byte> bytes)
    {
        var at = ReadPreface(bytes);
        if (at < 0)
        {
            GoAwayForGood(0, Http2Error.Protocol);
            return 0;
        }

        while (!_isLingering && !IsClosed && FrameHeader.TryRead(bytes[at..], out var header))
        {
            var error = FramePayload.Check(header);
            if (error == Http2Error.None)
            {
                if (bytes.Length - at - FrameHeader.Size < header.Length)
                {
                    break;
                }

                error = OnFrame(header, bytes.Slice(at + FrameHeader.Size, header.Length));
                at += FrameHeader.Size + header.Length;
            }

            if (error != Http2Error.None)
            {
                Worker.Counters.Refused++;
                GoAwayForGood(LastStream, error);
            }
        }

        return _isLingering ? bytes.Length : at;
    }

    private Http2Error OnFrame(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        // Between HEADERS and the end of its block nothing else may come (RFC 9113 §6.10); before SETTINGS nothing at all (§3.4).
        var isContinued = _blockStream != 0 && header.Kind == FrameKind.Continuation && header.Stream == _blockStream;
        if ((_blockStream != 0 && !isContinued) || (!_hasSettings && (header.Kind != FrameKind.Settings || header.Has(FrameFlags.Ack))))
        {
            return Http2Error.Protocol;
        }

        return header.Kind switch
        {
            FrameKind.Data => OnData(header, payload),
            FrameKind.Headers => OnHeaders(header, payload),
            FrameKind.Priority => OnPriority(header, payload),
            FrameKind.Reset => OnReset(header, payload),
            FrameKind.Settings => OnSettings(header, payload),
            FrameKind.PushPromise => Http2Error.Protocol,
            FrameKind.Ping => OnPing(header, payload),
            FrameKind.GoAway => OnGoAwayFrame(payload),
            FrameKind.WindowUpdate => OnWindowUpdate(header, payload),
            FrameKind.Continuation => isContinued ? AddToBlock(header, payload) : Http2Error.Protocol,
            _ => Waste(),
        };
    }

    private Http2Error Waste() => MayWaste() ? Http2Error.None : Http2Error.EnhanceYourCalm;

    private Http2Error OnData(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var error = FramePayload.ReadContent(header, payload, out var content, out _);
        if (error != Http2Error.None || IsIdle(header.Stream))
        {
            return error == Http2Error.None ? Http2Error.Protocol : error;
        }

        if (!TryReceive(payload.Length))
        {
            return Http2Error.FlowControl;
        }

        var endsStream = header.Has(FrameFlags.EndStream);
        if (!Streams.TryGetValue(header.Stream, out var stream))
        {
            Credit(payload.Length);
            return WasResetHere(header.Stream) ? Waste() : ResetClosed(header.Stream);
        }

        if (content.IsEmpty && !endsStream && !MayWaste())
        {
            return Http2Error.EnhanceYourCalm;
        }

        Earn(content.Length >> 10);
        var fault = stream.OnData(payload.Length, content, endsStream);
        if (fault != Http2Error.None)
        {
            stream.Fail(fault);
        }
        else
        {
            stream.Resume();
        }

        return Http2Error.None;
    }

    private Http2Error ResetClosed(int stream)
    {
        WriteReset(stream, Http2Error.StreamClosed);
        return Waste();
    }

    private Http2Error OnHeaders(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        var error = FramePayload.ReadContent(header, payload, out var content, out var dependsOn);
        if (error == Http2Error.None && dependsOn == header.Stream)
        {
            // A stream cannot come before itself; whoever says so is at odds with itself (RFC 7540 §5.3.1).
            error = Http2Error.Protocol;
        }

        if (error != Http2Error.None)
        {
            return error;
        }

        _blockStream = header.Stream;
        _blockEndsStream = header.Has(FrameFlags.EndStream);
        return AddToBlock(header, content);
    }

    private Http2Error AddToBlock(in FrameHeader header, ReadOnlySpan<byte> part)
    {
        // Nothing can be skipped: without this block the next one cannot be read.
        if (_blockLength + part.Length > MaxBlock || (part.IsEmpty && header.Kind == FrameKind.Continuation && !MayWaste()))
        {
            return Http2Error.EnhanceYourCalm;
        }

        var isWhole = header.Has(FrameFlags.EndHeaders);
        if (isWhole && _blockLength == 0)
        {
            return EndBlock(part);
        }

        _block ??= Worker.Buffers.Rent(MaxBlock);
        part.CopyTo(_block.AsSpan(_blockLength));
        _blockLength += part.Length;
        if (!isWhole)
        {
            OnPartOfBlock();
            return Http2Error.None;
        }

        var block = _block;
        var error = EndBlock(block.AsSpan(0, _blockLength));
        DropBlock();
        return error;
    }

    /// <summary>A header block has begun, and is not whole.</summary>
    protected virtual void OnPartOfBlock()
    {
    }

    private Http2Error EndBlock(ReadOnlySpan<byte> block)
    {
        var stream = _blockStream;
        _blockStream = 0;
        return OnBlock(stream, block, _blockEndsStream);
    }

    private void DropBlock()
    {
        _blockLength = 0;
        if (_block is not null)
        {
            Worker.Buffers.Return(_block);
            _block = null;
        }
    }

    private Http2Error OnPriority(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        // Who comes first is not for clients to say (RFC 9113 §5.3.2); a frame of another length is still an error, of the stream.
        if (payload.Length == 5)
        {
            return FramePayload.ReadStream(payload) == header.Stream ? Http2Error.Protocol : Waste();
        }

        if (Streams.TryGetValue(header.Stream, out var stream))
        {
            stream.Fail(Http2Error.FrameSize);
            return Waste();
        }

        return IsIdle(header.Stream) ? Http2Error.FrameSize : Waste();
    }

    private Http2Error OnReset(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (IsIdle(header.Stream))
        {
            return Http2Error.Protocol;
        }

        if (!Streams.TryGetValue(header.Stream, out var stream))
        {
            return Waste();
        }

        var error = (Http2Error)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(payload);
        return stream.OnReset(error) ? Http2Error.None : Http2Error.EnhanceYourCalm;
    }

    private Http2Error OnSettings(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.Has(FrameFlags.Ack))
        {
            return Waste();
        }

        var before = _peer.InitialWindow;
        var error = _peer.Read(payload);
        if (error != Http2Error.None || !MayWaste())
        {
            return error == Http2Error.None ? Http2Error.EnhanceYourCalm : error;
        }

        _hasSettings = true;
        _encoder.Restrict(_peer.HeaderTableSize);
        foreach (var stream in Snapshot())
        {
            if (!stream.TryWiden(_peer.InitialWindow - before))
            {
                return Http2Error.FlowControl;
            }
        }

        Commit(FrameWriter.SettingsAck(Reserve(FrameHeader.Size)));
        OnPeerSettings();
        if (_peer.InitialWindow > before)
        {
            ResumeStreams();
        }

        return Http2Error.None;
    }

    private Http2Error OnPing(in FrameHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.Has(FrameFlags.Ack))
        {
            OnPong();
            return Waste();
        }

        Commit(FrameWriter.Ping(Reserve(FrameHeader.Size + 8), payload, isAck: true));
        return Waste();
    }

    private Http2Error OnGoAwayFrame(ReadOnlySpan<byte> payload)
    {
        OnGoAway(FramePayload.ReadStream(payload));
        return Waste();
    }
}
