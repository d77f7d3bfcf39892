using System.Buffers.Text;
using Kn.Ingress.Http;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Messages;
using Kn.Ingress.Proxying;

namespace Kn.Ingress.Http2;

/// <summary>A client's connection that speaks HTTP/2: each stream is a request, carried by an <see cref="Exchange"/>.</summary>
internal sealed class Http2ClientConnection : Http2Peer
{
    /// <summary>Requests at once: as nginx.</summary>
    private const uint MaxStreams = 128;

    /// <summary>What is taken of a request's body before its backend takes it. More would make one upload faster, and many of them dearer.</summary>
    private const int StreamBytes = 128 << 10;

    /// <summary>What is taken of all bodies together.</summary>
    private const int ConnectionBytes = 1 << 20;

    /// <summary>Streams that are kept for the next requests: as many as most clients have at once.</summary>
    private const int FreeStreams = 16;

    /// <summary>How long clients may take to learn that no more streams are taken.</summary>
    private const long DrainTime = 1_000;

    /// <summary>Requests that were taken back. A browser does it now and then, CVE-2023-44487 some hundred thousand times a second.</summary>
    private TokenBudget _resets = new(200, 50);

    private readonly Stack<Http2ClientStream> _free = [];
    private readonly List<Http2ClientStream> _again = [];
    private readonly RecentStreams _recent = new();
    private int _prefaceRead;
    private int _last;
    private int _lastPromised = int.MaxValue;
    private Drained _drained;

    /// <summary>A connection of which it is known that it speaks HTTP/2, by ALPN or by its first bytes.</summary>
    /// <param name="worker">Its worker.</param>
    /// <param name="transport">Its bytes.</param>
    /// <param name="identity">Who the client is.</param>
    public Http2ClientConnection(Worker worker, ITransport transport, ClientIdentity identity)
        : base(worker, transport)
    {
        Identity = identity;
        CanWrite = true;
        worker.Counters.Open++;
        SetOwnDeadline(worker.Now + worker.Settings.HeadTimeout);
        Commit(FrameWriter.Settings(
            Reserve(64),
            (SettingKind.MaxConcurrentStreams, MaxStreams),
            (SettingKind.InitialWindowSize, (uint)StreamBytes),
            (SettingKind.MaxHeaderListSize, (uint)worker.Settings.MaxHeadBytes),
            (SettingKind.EnableConnectProtocol, 1u)));
        OpenConnectionWindow();
    }

    private enum Drained : byte
    {
        No,
        Warned,
        Yes,
    }

    /// <summary>Who the client is, as backends are told.</summary>
    public ClientIdentity Identity { get; }

    /// <summary>How much the client takes on a new stream.</summary>
    public int FirstSendWindow => PeerHas.InitialWindow;

    /// <inheritdoc/>
    public override int StreamWindow => StreamBytes;

    /// <inheritdoc/>
    protected override int ConnectionWindow => ConnectionBytes;

    /// <inheritdoc/>
    protected override int MaxBlock => Worker.Settings.MaxHeadBytes;

    /// <inheritdoc/>
    protected override int LastStream => Math.Min(_last, _lastPromised);

    /// <summary>Lets others come before a stream.</summary>
    public void RunAgain(Http2ClientStream stream)
    {
        _again.Add(stream);
        Worker.RunAgain(this);
    }

    /// <summary>Whether the client may take a request back once more.</summary>
    public bool MayReset() => _resets.TrySpend(1, Worker.Now);

    /// <summary>A request has been answered: the client is one that reads answers.</summary>
    public void OnAnswered()
    {
        _resets.Earn(1);
        Earn(8);
    }

    /// <summary>Forgets a stream.</summary>
    public void Remove(Http2ClientStream stream, bool wasReset)
    {
        _recent.Add(stream.Id, wasReset);
        Streams.Remove(stream.Id);
        if (_free.Count < FreeStreams)
        {
            _free.Push(stream);
        }

        if (Streams.Count == 0 && !IsLingering && !HasPending)
        {
            SetOwnDeadline(DeadlineNow());
            EndIfDrained();
        }
    }

    /// <inheritdoc/>
    public override void OnDrain()
    {
        if (_drained != Drained.No || IsLingering)
        {
            return;
        }

        // Streams that are on their way are still taken: the last one is named when the client has heard of it (RFC 9113 §6.8).
        _drained = Drained.Warned;
        Commit(FrameWriter.GoAway(Reserve(64), int.MaxValue, Http2Error.None));
        Commit(FrameWriter.Ping(Reserve(64), "kn drain"u8, isAck: false));
        SetOwnDeadline(Worker.Now + DrainTime);
    }

    /// <inheritdoc/>
    public override void Close()
    {
        if (!IsClosed)
        {
            Worker.Counters.Open--;
            base.Close();
        }
    }

    /// <inheritdoc/>
    protected override bool OnOwnDeadline()
    {
        if (_drained == Drained.Warned)
        {
            FinishDraining();
            return true;
        }

        if (Streams.Count > 0 && !IsInBlock)
        {
            SetOwnDeadline(DeadlineNow());
            return true;
        }

        Worker.Counters.TimedOut += IsInBlock ? 1 : 0;
        GoAwayForGood(LastStream, Http2Error.None);
        return true;
    }

    /// <inheritdoc/>
    protected override long DeadlineNow() => Worker.Now + (_drained == Drained.Warned ? DrainTime : Worker.Settings.IdleTimeout);

    /// <inheritdoc/>
    protected override bool IsOver() => false;

    /// <inheritdoc/>
    protected override void RunStreams()
    {
        for (var left = _again.Count; left > 0; left--)
        {
            var stream = _again[0];
            _again.RemoveAt(0);
            stream.Run();
        }
    }

    /// <inheritdoc/>
    protected override int ReadPreface(ReadOnlySpan<byte> bytes)
    {
        var rest = FrameWriter.Preface[_prefaceRead..];
        var count = Math.Min(rest.Length, bytes.Length);
        if (!rest[..count].SequenceEqual(bytes[..count]))
        {
            return -1;
        }

        _prefaceRead += count;
        return count;
    }

    /// <inheritdoc/>
    protected override bool IsIdle(int stream) => (stream & 1) == 0 || stream > _last;

    /// <inheritdoc/>
    protected override bool WasResetHere(int stream) => _recent.WasResetHere(stream);

    /// <inheritdoc/>
    protected override void OnGoAway(int last)
    {
        // The client opens no more streams; it closes when the last one is answered.
    }

    /// <inheritdoc/>
    protected override void OnPong()
    {
        if (_drained == Drained.Warned)
        {
            FinishDraining();
        }
    }

    /// <inheritdoc/>
    protected override void OnPeerSettings()
    {
        if (Streams.Count == 0 && _last == 0)
        {
            SetOwnDeadline(DeadlineNow());
        }
    }

    /// <inheritdoc/>
    protected override void OnPartOfBlock() => SetOwnDeadline(Math.Min(Worker.Now + Worker.Settings.HeadTimeout, OwnDeadline));

    /// <inheritdoc/>
    protected override Http2Error OnBlock(int stream, ReadOnlySpan<byte> block, bool endsStream)
    {
        if (Streams.TryGetValue(stream, out var open))
        {
            return OnTrailers((Http2ClientStream)open, block, endsStream);
        }

        if ((stream & 1) == 0)
        {
            return Http2Error.Protocol;
        }

        if (stream <= _last)
        {
            // On a stream that was reset it may have been on its way; else it was closed by both, or never opened (RFC 9113 §5.1).
            return WasResetHere(stream) ? SkipBlock(block) : _recent.Has(stream) ? Http2Error.StreamClosed : Http2Error.Protocol;
        }

        _last = stream;
        return stream > _lastPromised || Streams.Count >= MaxStreams ? RefuseStream(stream, block) : BeginStream(stream, block, endsStream);
    }

    private Http2Error RefuseStream(int stream, ReadOnlySpan<byte> block)
    {
        _recent.Add(stream, wasResetHere: true);
        WriteReset(stream, Http2Error.RefusedStream);
        return MayReset() ? SkipBlock(block) : Http2Error.EnhanceYourCalm;
    }

    private Http2Error BeginStream(int id, ReadOnlySpan<byte> block, bool endsStream)
    {
        // The head is spelled where HTTP/1.1's heads are received; half of the room is for what comes out of order.
        var room = Worker.Scratch.AsSpan(Worker.HeadRoom);
        var spelling = new RequestSpelling(room[..(room.Length / 2)], room[(room.Length / 2)..], Worker.Settings.MaxHeadBytes);
        var reader = Read(block);
        while (reader.Next())
        {
            spelling.Add(reader.Name, reader.Value);
            if (spelling.Octets > 8 * Worker.Settings.MaxHeadBytes)
            {
                // Small to send and large to read: made for it.
                return Http2Error.EnhanceYourCalm;
            }
        }

        if (reader.IsBroken)
        {
            return Http2Error.Compression;
        }

        Span<byte> key = stackalloc byte[24];
        WriteKey(key);
        var head = spelling.End(endsStream, key);
        if (spelling.IsMalformed)
        {
            Worker.Counters.Refused++;
            _recent.Add(id, wasResetHere: true);
            WriteReset(id, Http2Error.Protocol);
            return MayReset() ? Http2Error.None : Http2Error.EnhanceYourCalm;
        }

        var fault = spelling.Refusal == 0 ? Worker.Request.Read(head) : HeadFault.None;
        var status = spelling.Refusal != 0 ? spelling.Refusal : fault != HeadFault.None ? OwnAnswer.StatusOf(fault) : 0;
        var stream = _free.TryPop(out var used) ? used : new Http2ClientStream(Worker, this);
        Streams.Add(id, stream);
        SetOwnDeadline(DeadlineNow());
        if (status == 0)
        {
            stream.Begin(id, head, endsStream, spelling.BodyLength);
        }
        else
        {
            stream.BeginRefused(id, endsStream, status);
        }

        return Http2Error.None;
    }

    private Http2Error OnTrailers(Http2ClientStream stream, ReadOnlySpan<byte> block, bool endsStream)
    {
        var spelling = new TrailerSpelling(Worker.Scratch.AsSpan(Worker.HeadRoom, 32 << 10));
        var reader = Read(block);
        while (reader.Next())
        {
            spelling.Add(reader.Name, reader.Value);
        }

        if (reader.IsBroken)
        {
            return Http2Error.Compression;
        }

        var trailers = spelling.End();
        if (!stream.IsOpen)
        {
            stream.Fail(Http2Error.StreamClosed);
        }
        else if (!endsStream || spelling.IsMalformed)
        {
            stream.Fail(Http2Error.Protocol);
        }
        else
        {
            stream.OnTrailers(trailers);
        }

        return Http2Error.None;
    }

    private void WriteKey(Span<byte> key)
    {
        Span<byte> random = stackalloc byte[16];
        BitConverter.TryWriteBytes(random, Worker.NextRandom());
        BitConverter.TryWriteBytes(random[8..], Worker.NextRandom());
        _ = Base64.EncodeToUtf8(random, key, out _, out _);
    }

    private void FinishDraining()
    {
        _drained = Drained.Yes;
        _lastPromised = _last;
        Commit(FrameWriter.GoAway(Reserve(64), _last, Http2Error.None));
        SetOwnDeadline(DeadlineNow());
        EndIfDrained();
    }

    private void EndIfDrained()
    {
        if (_drained == Drained.Yes && Streams.Count == 0)
        {
            LingerOut();
        }
    }
}
