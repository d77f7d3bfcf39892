using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Hpack;

namespace Kn.Ingress.Tests.Http2;

/// <summary>A client, or a server, of HTTP/2 that sends the frames that it is told to, right or wrong.</summary>
internal sealed class FrameClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _deadline = new(s_patience);
    private readonly HpackTable _table = new();
    private readonly Dictionary<int, string> _requests = [];
    private readonly IDisposable _connection;
    private readonly Stream _stream;

    /// <summary>On a connection that is there.</summary>
    public FrameClient(Stream stream, IDisposable connection) => (_stream, _connection) = (stream, connection);

    public static async Task<FrameClient> ConnectAsync(ushort port, params (SettingKind Kind, uint Value)[] settings)
    {
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, port);
        var frames = new FrameClient(client.GetStream(), client);
        await frames.BeginAsync(settings);
        return frames;
    }

    /// <summary>Says what a client begins with.</summary>
    public async Task BeginAsync(params (SettingKind Kind, uint Value)[] settings)
    {
        await SendBytesAsync(FrameWriter.Preface.ToArray());
        await SettingsAsync(settings);
    }

    public static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }

    /// <summary>A header block of literals: names and values as they are, in turns.</summary>
    public static byte[] Block(params IEnumerable<string> namesAndValues)
    {
        var bytes = new List<byte>();
        var isName = true;
        Span<byte> length = stackalloc byte[HpackInteger.MaxLength];
        foreach (var text in namesAndValues)
        {
            if (isName)
            {
                bytes.Add(0);
            }

            bytes.AddRange(length[..HpackInteger.Write(length, 0, 7, text.Length)]);
            bytes.AddRange(Encoding.Latin1.GetBytes(text));
            isName = !isName;
        }

        return [.. bytes];
    }

    public static string[] Get(string path = "/", params string[] more) => [":method", "GET", ":scheme", "http", ":path", path, ":authority", "a.org", .. more];

    public static string[] Post(params string[] more) => [":method", "POST", ":scheme", "http", ":path", "/", ":authority", "a.org", .. more];

    public Task SendBytesAsync(byte[] bytes) => _stream.WriteAsync(bytes, _deadline.Token).AsTask();

    public Task SendAsync(FrameKind kind, FrameFlags flags, int stream, params byte[] payload) => SendBytesAsync(Frame(kind, flags, stream, payload));

    public static byte[] Frame(FrameKind kind, FrameFlags flags, int stream, params byte[] payload)
    {
        var bytes = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(payload.Length, kind, flags, stream).Write(bytes);
        payload.CopyTo(bytes, FrameHeader.Size);
        return bytes;
    }

    public Task SettingsAsync(params (SettingKind Kind, uint Value)[] settings)
    {
        var bytes = new byte[FrameHeader.Size + (settings.Length * 6)];
        FrameWriter.Settings(bytes, settings);
        return SendBytesAsync(bytes);
    }

    /// <summary>A request without a body.</summary>
    public Task AskAsync(int stream, params string[] fields) => SendAsync(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, stream, Block(fields));

    /// <summary>A request whose body follows, or an answer.</summary>
    public Task BeginAsync(int stream, params string[] fields) => SendAsync(FrameKind.Headers, FrameFlags.EndHeaders, stream, Block(fields));

    public Task DataAsync(int stream, string text, bool endsStream = false) =>
        SendAsync(FrameKind.Data, endsStream ? FrameFlags.EndStream : FrameFlags.None, stream, Encoding.Latin1.GetBytes(text));

    /// <summary>The next frame; null at the end.</summary>
    public async Task<(FrameHeader Header, byte[] Payload)?> ReadAsync()
    {
        var head = new byte[FrameHeader.Size];
        try
        {
            if (await _stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, _deadline.Token) < head.Length)
            {
                return null;
            }

            Assert.True(FrameHeader.TryRead(head, out var header));
            var payload = new byte[header.Length];
            await _stream.ReadExactlyAsync(payload, _deadline.Token);
            return (header, payload);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The next frame of that kind; others are passed over.</summary>
    public async Task<(FrameHeader Header, byte[] Payload)> ReadAsync(FrameKind kind)
    {
        while (await ReadAsync() is { } frame)
        {
            if (frame.Header.Kind == kind)
            {
                return frame;
            }

            if (frame.Header.Kind == FrameKind.Headers)
            {
                Fields(frame.Payload);
            }
        }

        Assert.Fail($"the connection ended without {kind}");
        return default;
    }

    /// <summary>The error that the connection ends with.</summary>
    public async Task<Http2Error> ReadGoAwayAsync()
    {
        while (true)
        {
            var frame = await ReadAsync(FrameKind.GoAway);
            if (BinaryPrimitives.ReadInt32BigEndian(frame.Payload) != int.MaxValue)
            {
                return (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(frame.Payload.AsSpan(4));
            }
        }
    }

    /// <summary>The error that a stream ends with.</summary>
    public async Task<Http2Error> ReadResetAsync(int stream)
    {
        var frame = await ReadAsync(FrameKind.Reset);
        Assert.Equal(stream, frame.Header.Stream);
        return (Http2Error)BinaryPrimitives.ReadUInt32BigEndian(frame.Payload);
    }

    /// <summary>A whole answer: fields, body and trailers in text. Windows are opened again for all that comes.</summary>
    public async Task<string> ReadAnswerAsync(int stream)
    {
        var text = new StringBuilder();
        while (await ReadAsync() is { } frame)
        {
            if (frame.Header.Kind == FrameKind.Headers)
            {
                var fields = Fields(frame.Payload);
                text.Append(frame.Header.Stream == stream ? fields : "");
            }
            else if (frame.Header.Kind == FrameKind.Data)
            {
                text.Append(frame.Header.Stream == stream ? Encoding.Latin1.GetString(frame.Payload) : "");
                if (frame.Payload.Length > 0)
                {
                    await SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 0, Number((uint)frame.Payload.Length));
                    await SendAsync(FrameKind.WindowUpdate, FrameFlags.None, frame.Header.Stream, Number((uint)frame.Payload.Length));
                }
            }
            else if (frame.Header.Kind == FrameKind.GoAway || (frame.Header.Kind == FrameKind.Reset && frame.Header.Stream == stream))
            {
                return $"{text}({frame.Header.Kind} {(Http2Error)BinaryPrimitives.ReadUInt32BigEndian(frame.Payload.AsSpan(frame.Payload.Length - 4))})";
            }

            if (frame.Header.Stream == stream && frame.Header.Has(FrameFlags.EndStream) && frame.Header.Kind is FrameKind.Headers or FrameKind.Data)
            {
                return text.ToString();
            }
        }

        return $"{text}(closed)";
    }

    /// <summary>What a client begins with.</summary>
    public async Task ReadPrefaceAsync()
    {
        var preface = new byte[FrameWriter.Preface.Length];
        await _stream.ReadExactlyAsync(preface, _deadline.Token);
        Assert.True(preface.AsSpan().SequenceEqual(FrameWriter.Preface));
    }

    /// <summary>The next request that is whole: fields, body and trailers in text; null at the end.</summary>
    public async Task<(int Stream, string Text)?> ReadRequestAsync()
    {
        while (await ReadAsync() is { } frame)
        {
            var stream = frame.Header.Stream;
            if (frame.Header.Kind == FrameKind.Headers)
            {
                _requests[stream] = _requests.GetValueOrDefault(stream) + Fields(frame.Payload);
            }
            else if (frame.Header.Kind == FrameKind.Data)
            {
                _requests[stream] += Encoding.Latin1.GetString(frame.Payload);
            }

            if (frame.Header.Kind is FrameKind.Headers or FrameKind.Data && frame.Header.Has(FrameFlags.EndStream))
            {
                return (stream, _requests[stream]);
            }
        }

        return null;
    }

    /// <summary>A request whose body is larger than the windows: they are opened again for all that comes.</summary>
    public async Task<(int Stream, string Text)?> ReadLargeRequestAsync()
    {
        var text = new StringBuilder();
        while (await ReadAsync() is { } frame)
        {
            if (frame.Header.Kind is FrameKind.Headers or FrameKind.Data)
            {
                text.Append(frame.Header.Kind == FrameKind.Headers ? Fields(frame.Payload) : Encoding.Latin1.GetString(frame.Payload));
                if (frame.Header.Has(FrameFlags.EndStream))
                {
                    return (frame.Header.Stream, text.ToString());
                }

                await SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 0, Number((uint)frame.Payload.Length + 1));
                await SendAsync(FrameKind.WindowUpdate, FrameFlags.None, frame.Header.Stream, Number((uint)frame.Payload.Length + 1));
            }
        }

        return null;
    }

    /// <summary>A body that is larger than the window, which the other end is to open again.</summary>
    public async Task SendLargeAsync(int stream, string body)
    {
        var window = 256 << 10;
        for (var sent = 0; sent < body.Length;)
        {
            while (window < 16_000)
            {
                var update = await ReadAsync(FrameKind.WindowUpdate);
                window += update.Header.Stream == stream ? FramePayload.ReadStream(update.Payload) : 0;
            }

            var count = Math.Min(16_000, body.Length - sent);
            await DataAsync(stream, body.Substring(sent, count), endsStream: sent + count == body.Length);
            (sent, window) = (sent + count, window - count);
        }
    }

    /// <summary>Whether it still answers.</summary>
    public async Task PingAsync()
    {
        await SendAsync(FrameKind.Ping, FrameFlags.None, 0, [1, 2, 3, 4, 5, 6, 7, 8]);
        while (true)
        {
            var frame = await ReadAsync(FrameKind.Ping);
            if (frame.Header.Has(FrameFlags.Ack))
            {
                return;
            }
        }
    }

    /// <summary>A header block in lines.</summary>
    public string Fields(ReadOnlySpan<byte> block)
    {
        var text = new StringBuilder();
        var reader = new FieldBlockReader(_table, block, new byte[128 << 10]);
        while (reader.Next())
        {
            text.Append(Encoding.Latin1.GetString(reader.Name)).Append(": ").Append(Encoding.Latin1.GetString(reader.Value)).Append('\n');
        }

        Assert.False(reader.IsBroken);
        return text.Append('\n').ToString();
    }

    public void Dispose()
    {
        _connection.Dispose();
        _deadline.Dispose();
    }
}
