using System.Text;
using Kn.Ingress.Http;

namespace Kn.Ingress.Tests.Http;

public sealed class BodyTests
{
    [Theory]
    [InlineData("0\r\n\r\n")]
    [InlineData("5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("00005;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n")]
    [InlineData("a \r\n0123456789\r\nA\r\n0123456789\r\n000\r\nGrpc-Status: 0\r\nX: y\r\n\r\n")]
    public void Chunks_EndWhereTheyEnd_HoweverTheyComeInPieces(string body)
    {
        var bytes = Encoding.Latin1.GetBytes(body + "GET");
        for (var piece = 1; piece <= bytes.Length; piece++)
        {
            var meter = BodyMeter.Of(BodyFraming.Chunked, 0);
            var at = 0;
            while (!meter.IsDone)
            {
                var taken = meter.Read(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)));
                Assert.InRange(taken, 1, piece);
                at += taken;
            }

            Assert.Equal(body.Length, at);
        }
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData(" 5\r\nhello\r\n")]
    [InlineData("5\nhello\r\n")]
    [InlineData("5\r\nhello\n0\r\n\r\n")]
    [InlineData("5\r\nhelloo\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData("-5\r\nhello\r\n")]
    [InlineData("5g\r\nhello\r\n")]
    [InlineData("1000000000000000\r\n")]
    [InlineData("5;a\nb\r\nhello\r\n")]
    [InlineData("5;\0\r\nhello\r\n")]
    [InlineData("0\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("0\r\ntransfer-ENCODING: chunked\r\n\r\n")]
    [InlineData("0\r\nHost: a\r\n\r\n")]
    [InlineData("0\r\nX-Forwarded-For: a\r\n\r\n")]
    [InlineData("0\r\nno colon\r\n\r\n")]
    [InlineData("0\r\nX: y\n\r\n")]
    [InlineData("0\r\n\rX")]
    [InlineData("0\r\n : x\r\n\r\n")]
    public void BadChunks_AreRefused(string body)
    {
        var meter = BodyMeter.Of(BodyFraming.Chunked, 0);
        var bytes = Encoding.Latin1.GetBytes(body);
        var results = new List<int>();
        for (var at = 0; at < bytes.Length && !results.Contains(-1); at++)
        {
            results.Add(meter.Read(bytes.AsSpan(at, 1)));
        }

        Assert.Contains(-1, results);
        meter = BodyMeter.Of(BodyFraming.Chunked, 0);
        Assert.Equal(-1, meter.Read(bytes));
    }

    [Fact]
    public void EndlessLines_AreRefused()
    {
        foreach (var start in (string[])["5;", "0\r\nX: "])
        {
            var meter = BodyMeter.Of(BodyFraming.Chunked, 0);
            Assert.True(meter.Read(Encoding.Latin1.GetBytes(start)) > 0);
            Assert.Equal(-1, meter.Read(Encoding.Latin1.GetBytes(new string('a', 20_000))));
        }
    }

    [Fact]
    public void AnyBytes_AreABodyOrNone()
    {
        var random = new Random(5);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Encoding.Latin1.GetBytes("5;a=b\r\nhello\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\nGET /");
            for (var flips = random.Next(3); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : "\r\n05a;: "u8[random.Next(8)];
            }

            var whole = BodyMeter.Of(BodyFraming.Chunked, 0);
            var pieces = BodyMeter.Of(BodyFraming.Chunked, 0);
            var taken = whole.Read(bytes);
            var sum = 0;
            for (var at = 0; at < bytes.Length && sum >= 0 && !pieces.IsDone; at++)
            {
                var one = pieces.Read(bytes.AsSpan(at, 1));
                sum = one < 0 ? -1 : sum + one;
            }

            Assert.Equal(taken, sum);
        }
    }

    [Fact]
    public void Length_IsCountedDown()
    {
        var meter = BodyMeter.Of(BodyFraming.Length, 5);
        Assert.Equal(3, meter.Read("abc"u8));
        Assert.False(meter.IsDone);
        Assert.Equal(2, meter.Read("defg"u8));
        Assert.True(meter.IsDone);
        Assert.Equal(0, meter.Read("g"u8));
    }
}
