using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Messages;
using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;
using Kn.Ingress.Tls;
using Kn.Linux;
using Kn.Linux.Streams;

namespace Kn.Ingress.Http2;

/// <summary>A connection to a backend that speaks HTTP/2: requests of many clients on it, each a stream.</summary>
internal sealed class Http2UpstreamConnection : Http2Peer
{
    /// <summary>Requests at once, where the backend allows as many; beyond that another connection is made.</summary>
    public const int MaxStreams = 128;

    /// <summary>What is taken of an answer before its client takes it.</summary>
    private const int StreamBytes = 256 << 10;

    /// <summary>What is taken of all answers together: as good as all, or one slow client would hold the others up.</summary>
    private const int ConnectionBytes = 1 << 30;

    /// <summary>How long an answer that is complete may take to say so.</summary>
    private const long EndTime = 5_000;

    private readonly StreamSocket _socket;
    private readonly List<Http2UpstreamStream> _live = [];
    private readonly Stack<Http2UpstreamStream> _free = [];
    private readonly RecentStreams _recent = new();
    private readonly int _expectedLimit;
    private int _next = 1;
    private bool _isGoingAway;

    private Http2UpstreamConnection(Worker worker, StreamSocket socket, ITransport transport, UpstreamEndpoint endpoint, int limit)
        : base(worker, transport)
    {
        _socket = socket;
        Endpoint = endpoint;
        _expectedLimit = Math.Max(1, limit);
        FrameWriter.Preface.CopyTo(Reserve(FrameWriter.Preface.Length));
        Commit(FrameWriter.Preface.Length);
        Commit(FrameWriter.Settings(Reserve(64), (SettingKind.EnablePush, 0u), (SettingKind.InitialWindowSize, (uint)StreamBytes), (SettingKind.MaxHeaderListSize, (uint)ClientConnection.MaxAnswerHead)));
        OpenConnectionWindow();
    }

    /// <summary>Whom it is to.</summary>
    public UpstreamEndpoint Endpoint { get; }

    /// <summary>Whether it is there; before, it is on its way.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Whether an answer has come by it.</summary>
    public bool IsProven { get; private set; }

    /// <summary>Whether one more request may go to it.</summary>
    public bool HasRoom => !IsClosed && !_isGoingAway && !IsLingering && !Endpoint.IsRetired && _next < int.MaxValue - (2 * MaxStreams)
        && _live.Count < Limit;

    /// <summary>Requests at once: as the backend says; before it does, as it said on another connection.</summary>
    public int Limit => HasSettings ? (int)Math.Min(PeerHas.MaxConcurrentStreams, MaxStreams) : _expectedLimit;

    /// <inheritdoc/>
    public override int StreamWindow => StreamBytes;

    /// <summary>How much the backend takes on a new stream.</summary>
    public int FirstSendWindow => PeerHas.InitialWindow;

    /// <inheritdoc/>
    protected override int ConnectionWindow => ConnectionBytes;

    /// <inheritdoc/>
    protected override int MaxBlock => ClientConnection.MaxAnswerHead;

    /// <inheritdoc/>
    protected override int LastStream => 0;

    /// <inheritdoc/>
    protected override bool IsThere => IsConnected;

    /// <summary>Begins to connect.</summary>
    /// <param name="worker">Its worker.</param>
    /// <param name="endpoint">Whom to.</param>
    /// <param name="limit">Requests at once, until the backend says so.</param>
    /// <returns>Null when that fails at once.</returns>
    public static Http2UpstreamConnection? Begin(Worker worker, UpstreamEndpoint endpoint, int limit)
    {
        var socket = worker.Connect(endpoint);
        if (socket is null)
        {
            return null;
        }

        var transport = endpoint.Tls is null ? new PlainTransport(socket) : worker.Surroundings.BackendTls.Begin(endpoint.Tls, socket, isHttp2: true);
        if (transport is null)
        {
            return null;
        }

        var connection = new Http2UpstreamConnection(worker, socket, transport, endpoint, limit);
        worker.Add(connection, socket);
        worker.Counters.Connects++;
        return connection;
    }

    /// <summary>One more request goes to it.</summary>
    public Http2UpstreamStream BeginStream()
    {
        var stream = _free.TryPop(out var used) ? used : new Http2UpstreamStream(Worker, this);
        _live.Add(stream);
        stream.Begin();
        SetOwnDeadline(long.MaxValue);
        return stream;
    }

    /// <summary>The number of the stream that is opened now.</summary>
    public int Open(Http2UpstreamStream stream)
    {
        var id = _next;
        _next += 2;
        Streams.Add(id, stream);
        return id;
    }

    /// <summary>Forgets a stream.</summary>
    public void Remove(Http2UpstreamStream stream, bool wasResetHere)
    {
        _live.Remove(stream);
        if (stream.Id != 0)
        {
            Streams.Remove(stream.Id);
            _recent.Add(stream.Id, wasResetHere);
        }

        _free.Push(stream);
        if (_live.Count == 0 && !IsConnected)
        {
            // Nobody waits for it any more; whoever comes next is better off with another.
            Close();
        }
        else if (_live.Count == 0 && !IsClosed && !IsLingering)
        {
            SetOwnDeadline(_isGoingAway || Endpoint.IsRetired ? Worker.Now : DeadlineNow());
        }
    }

    /// <summary>Looks whether it is there by now.</summary>
    /// <returns>False when it will never be.</returns>
    public bool TryFinishConnecting()
    {
        if (!IsConnected && CanWrite && !IsClosed)
        {
            if (_socket.Error != Errno.None)
            {
                return false;
            }

            return Transport is TlsTransport tls ? TryFinishHandshake(tls) : IsConnected = true;
        }

        return !IsClosed || IsConnected;
    }

    /// <inheritdoc/>
    public override void Run()
    {
        if (!IsConnected && !IsClosed)
        {
            if (!TryFinishConnecting())
            {
                Close();
                return;
            }

            if (!IsConnected)
            {
                return;
            }

            ResumeStreams();
        }

        base.Run();
    }

    /// <inheritdoc/>
    public override void Close()
    {
        Worker.Http2Upstreams.Remove(this);
        base.Close();
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<Http2Stream> Snapshot() => [.. _live];

    /// <inheritdoc/>
    protected override bool OnOwnDeadline()
    {
        if (_live.Count == 0)
        {
            Worker.Http2Upstreams.Remove(this);
            GoAwayForGood(0, Http2Error.None);
        }

        return true;
    }

    /// <inheritdoc/>
    protected override long DeadlineNow() => _live.Count > 0 ? long.MaxValue : Worker.Now + Worker.Settings.KeepTimeout;

    /// <inheritdoc/>
    protected override bool IsOver() => false;

    /// <inheritdoc/>
    protected override bool IsIdle(int stream) => (stream & 1) == 0 || stream >= _next;

    /// <inheritdoc/>
    protected override bool WasResetHere(int stream) => _recent.WasResetHere(stream);

    /// <inheritdoc/>
    protected override void OnGoAway(int last)
    {
        _isGoingAway = true;
        Worker.Http2Upstreams.Remove(this);
        foreach (var stream in _live.ToArray())
        {
            if (stream.Id > last)
            {
                stream.OnRefused();
            }
        }

        if (_live.Count == 0)
        {
            SetOwnDeadline(Worker.Now);
        }
    }

    /// <inheritdoc/>
    protected override Http2Error OnBlock(int stream, ReadOnlySpan<byte> block, bool endsStream)
    {
        Earn(8);
        if (IsIdle(stream))
        {
            return Http2Error.Protocol;
        }

        if (!Streams.TryGetValue(stream, out var found))
        {
            return SkipBlock(block);
        }

        IsProven = true;
        var asked = (Http2UpstreamStream)found;
        return asked.HasHead ? OnTrailers(asked, block, endsStream) : OnHead(asked, block, endsStream);
    }

    private Http2Error OnHead(Http2UpstreamStream stream, ReadOnlySpan<byte> block, bool endsStream)
    {
        var spelling = new AnswerSpelling(Worker.Scratch.AsSpan(Worker.HeadRoom, ClientConnection.MaxAnswerHead));
        var reader = Read(block);
        while (reader.Next())
        {
            spelling.Add(reader.Name, reader.Value);
        }

        if (reader.IsBroken)
        {
            return Http2Error.Compression;
        }

        var head = spelling.End(endsStream, stream.IsToHead, stream.KnowsChunks);
        if (spelling.IsMalformed)
        {
            stream.Fail(Http2Error.Protocol);
        }
        else
        {
            stream.OnHead(head, spelling.Status, spelling.BodyLength, endsStream);
        }

        return Http2Error.None;
    }

    private Http2Error OnTrailers(Http2UpstreamStream stream, ReadOnlySpan<byte> block, bool endsStream)
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
        if (!endsStream || spelling.IsMalformed)
        {
            stream.Fail(Http2Error.Protocol);
        }
        else
        {
            stream.OnTrailers(trailers);
        }

        return Http2Error.None;
    }

    private bool TryFinishHandshake(TlsTransport tls)
    {
        var result = tls.Handshake();
        if (result != 1)
        {
            return result == NotNow;
        }

        // Whoever did not agree on it will not understand a word.
        IsConnected = CanRead = tls.Protocol.SequenceEqual("h2"u8);
        return IsConnected;
    }

    /// <summary>How long a stream whose answer is complete is waited for.</summary>
    public long EndDeadline => Worker.Now + EndTime;
}
