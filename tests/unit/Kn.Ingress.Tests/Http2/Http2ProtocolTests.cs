using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Tests.Proxying;

namespace Kn.Ingress.Tests.Http2;

/// <summary>What breaks RFC 9113 ends the connection, or the stream, with the error that the RFC names, and reaches nobody.</summary>
public sealed class Http2ProtocolTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const FrameFlags Whole = FrameFlags.EndHeaders | FrameFlags.EndStream;
    private static readonly byte[] s_get = FrameClient.Block(FrameClient.Get());
    private static readonly byte[] s_post = FrameClient.Block(FrameClient.Post());

    /// <summary>What a client sends after its SETTINGS, and the error that the connection ends with.</summary>
    public static TheoryData<string, string, byte[][]> ConnectionErrors => new()
    {
        { "DATA on stream 0", "Protocol", [Frame(FrameKind.Data, FrameFlags.None, 0, 1)] },
        { "DATA on an idle stream", "Protocol", [Frame(FrameKind.Data, FrameFlags.EndStream, 1, 1)] },
        { "DATA on a stream of even number", "Protocol", [Frame(FrameKind.Data, FrameFlags.EndStream, 2, 1)] },
        { "DATA padded beyond its end", "Protocol", [Frame(FrameKind.Headers, FrameFlags.EndHeaders, 1, s_post), Frame(FrameKind.Data, FrameFlags.Padded, 1, 4, 0, 0, 0)] },
        { "DATA without its padding's length", "FrameSize", [Frame(FrameKind.Headers, FrameFlags.EndHeaders, 1, s_post), Frame(FrameKind.Data, FrameFlags.Padded, 1)] },
        { "HEADERS on stream 0", "Protocol", [Frame(FrameKind.Headers, Whole, 0, s_get)] },
        { "HEADERS on a stream of even number", "Protocol", [Frame(FrameKind.Headers, Whole, 2, s_get)] },
        { "HEADERS padded beyond their end", "Protocol", [Frame(FrameKind.Headers, Whole | FrameFlags.Padded, 1, [200, .. s_get])] },
        { "HEADERS with half a priority", "FrameSize", [Frame(FrameKind.Headers, Whole | FrameFlags.Priority, 1, 0, 0, 0)] },
        { "HEADERS that come before themselves", "Protocol", [Frame(FrameKind.Headers, Whole | FrameFlags.Priority, 1, [0, 0, 0, 1, 5, .. s_get])] },
        { "HEADERS on a stream below another", "Protocol", [Frame(FrameKind.Headers, Whole, 5, s_get), Frame(FrameKind.Headers, Whole, 3, s_get)] },
        { "HEADERS that are no block", "Compression", [Frame(FrameKind.Headers, Whole, 1, 0x80)] },
        { "HEADERS cut off by another frame", "Protocol", [Frame(FrameKind.Headers, FrameFlags.EndStream, 1, s_get), Frame(FrameKind.Ping, FrameFlags.None, 0, 1, 2, 3, 4, 5, 6, 7, 8)] },
        { "HEADERS cut off by those of another stream", "Protocol", [Frame(FrameKind.Headers, FrameFlags.EndStream, 1, s_get), Frame(FrameKind.Headers, Whole, 3, s_get)] },
        { "HEADERS cut off by an unknown frame", "Protocol", [Frame(FrameKind.Headers, FrameFlags.EndStream, 1, s_get), Frame((FrameKind)0x16, FrameFlags.None, 1)] },
        { "CONTINUATION of nothing", "Protocol", [Frame(FrameKind.Continuation, FrameFlags.EndHeaders, 1, s_get)] },
        { "CONTINUATION of another stream", "Protocol", [Frame(FrameKind.Headers, FrameFlags.EndStream, 1, s_get), Frame(FrameKind.Continuation, FrameFlags.EndHeaders, 3)] },
        { "CONTINUATION after the end", "Protocol", [Frame(FrameKind.Headers, Whole, 1, s_get), Frame(FrameKind.Continuation, FrameFlags.EndHeaders, 1)] },
        { "CONTINUATION on stream 0", "Protocol", [Frame(FrameKind.Headers, FrameFlags.EndStream, 1, s_get), Frame(FrameKind.Continuation, FrameFlags.EndHeaders, 0)] },
        { "PRIORITY on stream 0", "Protocol", [Frame(FrameKind.Priority, FrameFlags.None, 0, 0, 0, 0, 1, 5)] },
        { "PRIORITY of another length on an idle stream", "FrameSize", [Frame(FrameKind.Priority, FrameFlags.None, 1, 0, 0, 0, 1)] },
        { "RST_STREAM on stream 0", "Protocol", [Frame(FrameKind.Reset, FrameFlags.None, 0, 0, 0, 0, 8)] },
        { "RST_STREAM on an idle stream", "Protocol", [Frame(FrameKind.Reset, FrameFlags.None, 1, 0, 0, 0, 8)] },
        { "RST_STREAM of another length", "FrameSize", [Frame(FrameKind.Headers, FrameFlags.EndHeaders, 1, s_post), Frame(FrameKind.Reset, FrameFlags.None, 1, 0, 0, 8)] },
        { "SETTINGS on a stream", "Protocol", [Frame(FrameKind.Settings, FrameFlags.None, 1)] },
        { "SETTINGS acknowledged with something", "FrameSize", [Frame(FrameKind.Settings, FrameFlags.Ack, 0, 0)] },
        { "SETTINGS of another length", "FrameSize", [Frame(FrameKind.Settings, FrameFlags.None, 0, 0, 3, 0)] },
        { "SETTINGS that push twice", "Protocol", [Setting(SettingKind.EnablePush, 2)] },
        { "SETTINGS with a window that is too large", "FlowControl", [Setting(SettingKind.InitialWindowSize, 1u << 31)] },
        { "SETTINGS with frames that are too small", "Protocol", [Setting(SettingKind.MaxFrameSize, 16_383)] },
        { "SETTINGS with frames that are too large", "Protocol", [Setting(SettingKind.MaxFrameSize, 1 << 24)] },
        { "PUSH_PROMISE of a client", "Protocol", [Frame(FrameKind.PushPromise, FrameFlags.EndHeaders, 1, [0, 0, 0, 2, .. s_get])] },
        { "PING on a stream", "Protocol", [Frame(FrameKind.Ping, FrameFlags.None, 1, 1, 2, 3, 4, 5, 6, 7, 8)] },
        { "PING of another length", "FrameSize", [Frame(FrameKind.Ping, FrameFlags.None, 0, 1, 2, 3, 4, 5, 6)] },
        { "GOAWAY on a stream", "Protocol", [Frame(FrameKind.GoAway, FrameFlags.None, 1, 0, 0, 0, 0, 0, 0, 0, 0)] },
        { "GOAWAY of another length", "FrameSize", [Frame(FrameKind.GoAway, FrameFlags.None, 0, 0, 0, 0)] },
        { "WINDOW_UPDATE of nothing", "Protocol", [Frame(FrameKind.WindowUpdate, FrameFlags.None, 0, 0, 0, 0, 0)] },
        { "WINDOW_UPDATE beyond the largest window", "FlowControl", [Frame(FrameKind.WindowUpdate, FrameFlags.None, 0, 0x7F, 0xFF, 0xFF, 0xFF)] },
        { "WINDOW_UPDATE on an idle stream", "Protocol", [Frame(FrameKind.WindowUpdate, FrameFlags.None, 1, 0, 0, 0, 1)] },
        { "WINDOW_UPDATE of another length", "FrameSize", [Frame(FrameKind.WindowUpdate, FrameFlags.None, 0, 0, 0, 1)] },
        { "a frame that is too long", "FrameSize", [Frame(FrameKind.Headers, FrameFlags.EndHeaders, 1, s_post), Frame(FrameKind.Data, FrameFlags.None, 1, new byte[16_385])] },
        { "an unknown frame that is too long", "FrameSize", [Frame((FrameKind)0x30, FrameFlags.None, 0, new byte[16_385])] },
    };

    /// <summary>What is no request by its fields (RFC 9113 §8.2, §8.3).</summary>
    public static TheoryData<string, string[]> Malformed => new()
    {
        { "a capital in a name", FrameClient.Get("/", "X-Test", "a") },
        { "an empty name", FrameClient.Get("/", "", "a") },
        { "a space in a name", FrameClient.Get("/", "x test", "a") },
        { "a line's end in a value", FrameClient.Get("/", "x", "a\r\nHost: b.org") },
        { "a NUL in a value", FrameClient.Get("/", "x", "a\0b") },
        { "space before a value", FrameClient.Get("/", "x", " a") },
        { "space after a value", FrameClient.Get("/", "x", "a\t") },
        { "an unknown pseudo-header", FrameClient.Get("/", ":test", "a") },
        { "the pseudo-header of answers", [":status", "200", .. FrameClient.Get()] },
        { "a pseudo-header after fields", [":method", "GET", ":scheme", "http", ":authority", "a.org", "x", "y", ":path", "/"] },
        { "Connection", FrameClient.Get("/", "connection", "close") },
        { "Keep-Alive", FrameClient.Get("/", "keep-alive", "timeout=5") },
        { "Proxy-Connection", FrameClient.Get("/", "proxy-connection", "close") },
        { "Transfer-Encoding", FrameClient.Get("/", "transfer-encoding", "chunked") },
        { "Upgrade", FrameClient.Get("/", "upgrade", "websocket") },
        { "TE of anything but trailers", FrameClient.Get("/", "te", "gzip") },
        { "no method", [":scheme", "http", ":path", "/", ":authority", "a.org"] },
        { "no scheme", [":method", "GET", ":path", "/", ":authority", "a.org"] },
        { "no path", [":method", "GET", ":scheme", "http", ":authority", "a.org"] },
        { "an empty path", FrameClient.Get("") },
        { "a path that is a URI", FrameClient.Get("http://b.org/") },
        { "two methods", [":method", "GET", .. FrameClient.Get()] },
        { "two schemes", [":scheme", "http", .. FrameClient.Get()] },
        { "two paths", [":path", "/", .. FrameClient.Get()] },
        { "two authorities", [":authority", "a.org", .. FrameClient.Get()] },
        { "a method that is none", [":method", "GE T", ":scheme", "http", ":path", "/", ":authority", "a.org"] },
        { "another scheme", [":method", "GET", ":scheme", "ftp", ":path", "/", ":authority", "a.org"] },
        { "a host that is not the authority", FrameClient.Get("/", "host", "b.org") },
        { "two hosts", [":method", "GET", ":scheme", "http", ":path", "/", "host", "a.org", "host", "a.org"] },
        { "a length without a body", FrameClient.Get("/", "content-length", "5") },
        { "two lengths", FrameClient.Get("/", "content-length", "0", "content-length", "0") },
        { "a length that is no number", FrameClient.Get("/", "content-length", "+5") },
        { "CONNECT with a path", [":method", "CONNECT", ":scheme", "http", ":path", "/", ":authority", "a.org:443"] },
        { "a protocol without CONNECT", [":protocol", "websocket", .. FrameClient.Get()] },
    };

    [Theory, MemberData(nameof(ConnectionErrors))]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_broken_frame_ends_the_connection_with_the_error_that_RFC_9113_names(string name, string error, byte[][] frames)
    {
        // Requests that come before the broken frame must not be answered before it.
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        foreach (var frame in frames)
        {
            await client.SendBytesAsync(frame);
        }

        Assert.True(error == (await client.ReadGoAwayAsync()).ToString(), name);
    }

    [Theory, MemberData(nameof(Malformed))]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_malformed_request_resets_its_stream_and_reaches_nobody(string name, string[] fields)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.AskAsync(1, fields);
        Assert.True(Http2Error.Protocol == await client.ReadResetAsync(1), name);
        Assert.Empty(backend.Requests);
        await client.AskAsync(3, FrameClient.Get("/", "host", "A.org"));
        Assert.EndsWith("hello", await client.ReadAnswerAsync(3), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a.org\r\n\r\n", false)]
    [InlineData("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", true)]
    public async Task APrefaceThatIsNone_IsNoHttp2(string text, bool isHttp2)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        await client.SendAsync(text);
        if (isHttp2)
        {
            Assert.Contains("\0\0\0\0\u0001", await client.ReadToEndAsync(), StringComparison.Ordinal);
        }
        else
        {
            await client.ReadUntilAsync("hello");
        }
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Nothing_is_taken_before_SETTINGS()
    {
        await using var engine = new RunningEngine(null);
        using var raw = engine.Connect();
        await raw.SendAsync([.. FrameWriter.Preface, .. Frame(FrameKind.Headers, Whole, 1, s_get)]);
        Assert.Contains("\0\0\0\0\u0001", await raw.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(20)]
    public async Task FramesInAnyPieces_AreTheSame(int piece)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = engine.Connect();
        byte[] bytes = [.. FrameWriter.Preface, .. Frame(FrameKind.Settings, FrameFlags.None, 0), .. Frame(FrameKind.Headers, FrameFlags.EndStream, 1, s_get[..10]), .. Frame(FrameKind.Continuation, FrameFlags.EndHeaders, 1, s_get[10..])];
        foreach (var part in bytes.Chunk(piece))
        {
            await client.SendAsync(part);
            await Task.Yield();
        }

        await client.ReadUntilAsync("hello");
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_body_that_is_longer_or_shorter_than_it_said_resets_its_stream()
    {
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, FrameClient.Post("content-length", "4"));
        await client.DataAsync(1, "12345");
        Assert.Equal(Http2Error.Protocol, await client.ReadResetAsync(1));
        await client.BeginAsync(3, FrameClient.Post("content-length", "4"));
        await client.DataAsync(3, "123", endsStream: true);
        Assert.Equal(Http2Error.Protocol, await client.ReadResetAsync(3));
        await client.BeginAsync(5, FrameClient.Post("content-length", "4"));
        await client.DataAsync(5, "123");
        await client.SendAsync(FrameKind.Headers, Whole, 5, FrameClient.Block("x", "y"));
        Assert.Equal(Http2Error.Protocol, await client.ReadResetAsync(5));
    }

    [Theory]
    [InlineData(":path", "/")]
    [InlineData("X", "y")]
    [Conformance("ingress", "HTTP/2")]
    public async Task Trailers_that_are_none_reset_their_stream(string name, string value)
    {
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, FrameClient.Post());
        await client.SendAsync(FrameKind.Headers, Whole, 1, FrameClient.Block(name, value));
        Assert.Equal(Http2Error.Protocol, await client.ReadResetAsync(1));
        await client.BeginAsync(3, FrameClient.Post());
        await client.SendAsync(FrameKind.Headers, FrameFlags.EndHeaders, 3, FrameClient.Block("x", "y"));
        Assert.Equal(Http2Error.Protocol, await client.ReadResetAsync(3));
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Frames_on_a_stream_that_the_client_has_ended_reset_it()
    {
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.AskAsync(1, FrameClient.Get());
        await client.DataAsync(1, "more", endsStream: true);
        Assert.Equal(Http2Error.StreamClosed, await client.ReadResetAsync(1));
        await client.AskAsync(3, FrameClient.Get());
        await client.SendAsync(FrameKind.Headers, Whole, 3, FrameClient.Block("x", "y"));
        Assert.Equal(Http2Error.StreamClosed, await client.ReadResetAsync(3));
        await client.AskAsync(5, FrameClient.Get());
        await client.SendAsync(FrameKind.Reset, FrameFlags.None, 5, FrameClient.Number(8));
        await client.AskAsync(5, FrameClient.Get());
        Assert.Equal(Http2Error.StreamClosed, await client.ReadGoAwayAsync());
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_window_that_overflows_on_a_stream_resets_it()
    {
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.AskAsync(1, FrameClient.Get());
        await client.SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 1, FrameClient.Number(int.MaxValue));
        Assert.Equal(Http2Error.FlowControl, await client.ReadResetAsync(1));
        await client.AskAsync(3, FrameClient.Get());
        await client.SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 3, FrameClient.Number(0));
        Assert.Equal(Http2Error.Protocol, await client.ReadResetAsync(3));
        await client.AskAsync(5, FrameClient.Get());
        await client.SendAsync(FrameKind.Priority, FrameFlags.None, 5, 0, 0, 0, 1);
        Assert.Equal(Http2Error.FrameSize, await client.ReadResetAsync(5));
        await client.AskAsync(7, FrameClient.Get());
        await client.SettingsAsync((SettingKind.InitialWindowSize, 1));
        await client.SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 7, FrameClient.Number(int.MaxValue - 1));
        await client.SettingsAsync((SettingKind.InitialWindowSize, 100));
        Assert.Equal(Http2Error.FlowControl, await client.ReadGoAwayAsync());
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_client_that_sends_beyond_the_window_is_refused()
    {
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, FrameClient.Post());
        var error = client.ReadResetAsync(1);
        for (var sent = 0; sent < 4_000 && !error.IsCompleted; sent++)
        {
            await client.DataAsync(1, new string('x', 16_000));
        }

        Assert.Equal(Http2Error.FlowControl, await error);
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Streams_beyond_MAX_CONCURRENT_STREAMS_are_refused()
    {
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        for (var stream = 1; stream <= 257; stream += 2)
        {
            await client.AskAsync(stream, FrameClient.Get());
        }

        Assert.Equal(Http2Error.RefusedStream, await client.ReadResetAsync(257));
        await client.PingAsync();
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task CONNECT_is_refused_and_unknown_frames_and_flags_are_passed_over()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, ":method", "CONNECT", ":authority", "a.org:443");
        Assert.StartsWith(":status: 405\n", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
        await client.SendAsync((FrameKind)0x42, (FrameFlags)0xFF, 0, 1, 2, 3);
        await client.SettingsAsync(((SettingKind)0x99, 7));
        await client.SendAsync(FrameKind.Priority, FrameFlags.None, 9, 0, 0, 0, 1, 5);
        await client.SendAsync(FrameKind.Headers, Whole | FrameFlags.Padded | FrameFlags.Priority | (FrameFlags)0x80, 3, [2, 0, 0, 0, 9, 5, .. s_get, 0, 0]);
        Assert.EndsWith("hello", await client.ReadAnswerAsync(3), StringComparison.Ordinal);
        await client.AskAsync(5, ":method", "CONNECT", ":protocol", "tcp", ":scheme", "http", ":path", "/", ":authority", "a.org");
        Assert.StartsWith(":status: 501\n", await client.ReadAnswerAsync(5), StringComparison.Ordinal);
    }

    private static byte[] Frame(FrameKind kind, FrameFlags flags, int stream, params byte[] payload) => FrameClient.Frame(kind, flags, stream, payload);

    private static byte[] Setting(SettingKind kind, uint value) => Frame(FrameKind.Settings, FrameFlags.None, 0, [0, (byte)kind, .. FrameClient.Number(value)]);
}
