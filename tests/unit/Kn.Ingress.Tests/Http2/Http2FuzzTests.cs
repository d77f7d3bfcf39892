using System.Text;
using Kn.Ingress.Http;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Http2.Messages;
using Kn.Ingress.Proxying;
using Kn.Ingress.Tests.Proxying;

namespace Kn.Ingress.Tests.Http2;

/// <summary>Anything from either side: the engine must not stumble (its faults are counted), and what is held must be given back.</summary>
public sealed class Http2FuzzTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task AnyFramesOfAClient_AreTaken_OrEndTheConnection(int seed)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var other = FrameBackend.Answering("hello");
        await using var engine = new RunningEngine(null, backend.Port);
        var random = new Random(seed);
        for (var round = 0; round < 150; round++)
        {
            engine.SetEndpoints(round % 2 == 0 ? backend.Port : other.Port);
            using var client = engine.Connect();
            try
            {
                await client.SendAsync([.. FrameWriter.Preface, .. FrameClient.Frame(FrameKind.Settings, FrameFlags.None, 0)]);
                for (var count = random.Next(30); count > 0; count--)
                {
                    await client.SendAsync(RandomFrame(random, isClient: true));
                }
            }
            catch (IOException)
            {
                // It has been cut off.
            }
        }

        engine.SetEndpoints(backend.Port);
        using var sound = await FrameClient.ConnectAsync(engine.Port);
        await sound.AskAsync(1, FrameClient.Get());
        Assert.EndsWith("hello", await sound.ReadAnswerAsync(1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task AnyFramesOfABackend_AreAnAnswer_OrNone(int seed)
    {
        var random = new Random(seed);
        await using var backend = new FrameBackend(async connection =>
        {
            var asked = await connection.ReadAsync(FrameKind.Headers);
            for (var count = random.Next(12); count > 0; count--)
            {
                await connection.SendBytesAsync(RandomFrame(random, isClient: false));
            }

            await connection.BeginAsync(asked.Header.Stream, ":status", "200");
            await connection.DataAsync(asked.Header.Stream, "end", endsStream: true);
        });
        await using var engine = new RunningEngine(new ProxySettings { QuietTimeout = 300 }, backend.Port);
        for (var round = 0; round < 100; round++)
        {
            using var client = engine.Connect();
            await client.SendAsync("GET / HTTP/1.1\r\nHost: h2.org\r\nConnection: close\r\n\r\n");
            await client.ReadToEndAsync();
        }
    }

    [Fact]
    public void Bodies_AreTakenApart_HoweverTheyComeInPieces()
    {
        var buffers = new BufferPool();
        var random = new Random(8);
        for (var round = 0; round < 500; round++)
        {
            var content = new StringBuilder();
            var body = new StringBuilder();
            for (var chunk = random.Next(5); chunk > 0; chunk--)
            {
                var text = new string((char)('a' + random.Next(26)), random.Next(1, 50));
                content.Append(text);
                body.Append(text.Length.ToString("x", System.Globalization.CultureInfo.InvariantCulture)).Append(random.Next(2) == 0 ? "\r\n" : ";ext=1\r\n").Append(text).Append("\r\n");
            }

            var trailers = random.Next(2) == 0 ? "" : "X-A: b\r\nX-C: d\r\n\r\n";
            body.Append(trailers.Length == 0 ? "0\r\n\r\n" : "000\r\n" + trailers);
            Assert.Equal((content.ToString(), trailers), Split(buffers, random, body.ToString(), BodyFraming.Chunked, 0));
            Assert.Equal((content.ToString(), ""), Split(buffers, random, content.ToString(), BodyFraming.Length, content.Length));
        }
    }

    [Fact]
    public void Frames_AreWhole_OrNot()
    {
        var frame = FrameClient.Frame(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 7, 1, 2, 3);
        for (var length = 0; length < FrameHeader.Size; length++)
        {
            Assert.False(FrameHeader.TryRead(frame.AsSpan(0, length), out _));
        }

        Assert.True(FrameHeader.TryRead(frame, out var header));
        Assert.Equal(new FrameHeader(3, FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 7), header);
        frame[5] |= 0x80;
        Assert.True(FrameHeader.TryRead(frame, out header));
        Assert.Equal(7, header.Stream);
    }

    private static (string Content, string Trailers) Split(BufferPool buffers, Random random, string body, BodyFraming framing, long length)
    {
        var splitter = BodySplitter.Of(framing, length);
        var content = new StringBuilder();
        ReadOnlySpan<byte> rest = Encoding.Latin1.GetBytes(body);
        while (!rest.IsEmpty)
        {
            var piece = rest[..random.Next(1, rest.Length + 1)];
            rest = rest[piece.Length..];
            while (splitter.Next(buffers, ref piece, out var part))
            {
                content.Append(Encoding.Latin1.GetString(part));
            }
        }

        Assert.True(splitter.IsDone);
        var trailers = Encoding.Latin1.GetString(splitter.Trailers);
        splitter.Clear(buffers);
        return (content.ToString(), trailers);
    }

    /// <summary>Mostly frames that are nearly right: those get furthest.</summary>
    private static byte[] RandomFrame(Random random, bool isClient)
    {
        var stream = random.Next(8) switch { 0 => 0, 1 => random.Next(), _ => (random.Next(4) * 2) + 1 };
        var flags = (FrameFlags)(random.Next(4) == 0 ? random.Next(256) : random.Next(2) == 0 ? 4 : 5);
        byte[] payload = new byte[random.Next(40)];
        random.NextBytes(payload);
        switch (random.Next(8))
        {
            case 0:
                return FrameClient.Frame((FrameKind)random.Next(11), flags, stream, payload);
            case 1:
                return FrameClient.Frame(FrameKind.WindowUpdate, FrameFlags.None, stream, FrameClient.Number((uint)random.Next(1, 100_000)));
            case 2:
                return FrameClient.Frame(FrameKind.Reset, FrameFlags.None, stream, FrameClient.Number((uint)random.Next(14)));
            case 3:
                return FrameClient.Frame(FrameKind.Settings, FrameFlags.None, 0, [0, (byte)random.Next(1, 9), .. FrameClient.Number((uint)random.Next(100_000))]);
            case 4:
                return FrameClient.Frame(FrameKind.Data, flags & FrameFlags.EndStream, stream, payload);
            case 5:
                return payload;
            default:
                var fields = isClient
                    ? (random.Next(2) == 0 ? FrameClient.Get($"/{random.Next(9)}") : [.. FrameClient.Post()[..^1], random.Next(2) == 0 ? "h2.org" : "a.org", "content-length", $"{random.Next(30)}"])
                    : [":status", random.Next(3) == 0 ? "103" : "200", "x", new string('y', random.Next(100))];
                return FrameClient.Frame(FrameKind.Headers, flags & (FrameFlags.EndHeaders | FrameFlags.EndStream), stream, FrameClient.Block(fields));
        }
    }
}
