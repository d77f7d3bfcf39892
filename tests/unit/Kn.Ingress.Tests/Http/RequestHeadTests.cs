using System.Text;
using Kn.Ingress.Http;

namespace Kn.Ingress.Tests.Http;

public sealed class RequestHeadTests
{
    private readonly RequestHead _request = new();

    public static TheoryData<string, string> Refused => new()
    {
        { "GET / HTTP/1.1\nHost: a\r\n\r\n", nameof(HeadFault.LineEnd) },
        { "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", nameof(HeadFault.LineEnd) },
        { "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", nameof(HeadFault.FieldValue) },
        { "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /\r\nHost: a\r\n\r\n", nameof(HeadFault.StartLine) },
        { " GET / HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.StartLine) },
        { "G@T / HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.StartLine) },
        { "GET / http/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.StartLine) },
        { "GET / HTTP/1.2\r\nHost: a\r\n\r\n", nameof(HeadFault.Version) },
        { "PRI * HTTP/2.0\r\n\r\n", nameof(HeadFault.Version) },
        { "GET / HTTP/1.1\r\n\r\n", nameof(HeadFault.Host) },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", nameof(HeadFault.Host) },
        { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", nameof(HeadFault.Host) },
        { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", nameof(HeadFault.Host) },
        { "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", nameof(HeadFault.Host) },
        { "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", nameof(HeadFault.Host) },
        { "GET / HTTP/1.1\r\nHost : a\r\n\r\n", nameof(HeadFault.FieldName) },
        { "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", nameof(HeadFault.FieldName) },
        { "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", nameof(HeadFault.FieldName) },
        { "GET / HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n", nameof(HeadFault.FieldName) },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", nameof(HeadFault.Folding) },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n", nameof(HeadFault.Folding) },
        { "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", nameof(HeadFault.FieldValue) },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", nameof(HeadFault.ContentLength) },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", nameof(HeadFault.ContentLength) },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", nameof(HeadFault.ContentLength) },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", nameof(HeadFault.ContentLength) },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", nameof(HeadFault.ContentLength) },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", nameof(HeadFault.ContentLength) },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n", nameof(HeadFault.ContentLength) },
        { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(HeadFault.TransferEncoding) },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", nameof(HeadFault.TransferEncoding) },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(HeadFault.TransferEncoding) },
        { "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", nameof(HeadFault.TransferEncoding) },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", nameof(HeadFault.UnknownEncoding) },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", nameof(HeadFault.UnknownEncoding) },
        { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", nameof(HeadFault.UnknownEncoding) },
        { "GET /../etc HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a/..%2fb HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a/..;/b HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a/. HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a\\..\\b HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a%5c..%5cb HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a%2 HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a%zz HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "GET a HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
        { "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Method) },
        { "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Method) },
        { "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", nameof(HeadFault.Expectation) },
        { "GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Host) },
        { "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", nameof(HeadFault.Target) },
    };

    [Theory]
    [InlineData("websocket", true)]
    [InlineData("SPDY/3.1", true)]
    [InlineData("h2c", false)]
    [InlineData("websocket, H2C", false)]
    [InlineData("HTTP/2.0", false)]
    [InlineData("TLS/1.2, HTTP/1.1", false)]
    [InlineData("", false)]
    public void Upgrades_BecomeTunnels_ButNotForHttpAgain(string protocols, bool expected)
    {
        Assert.Equal(HeadFault.None, _request.Read(Bytes($"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocols}\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")));
        Assert.Equal(expected, _request.WantsUpgrade);
    }

    [Theory, MemberData(nameof(Refused))]
    public void WhatCanBeReadInTwoWays_IsRefused(string head, string fault) => Assert.Equal(fault, _request.Read(Bytes(head)).ToString());

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a.org:8080\r\n\r\n", "a.org", "/", true)]
    [InlineData("GET /a?b=../c HTTP/1.1\r\nHost: A.org\r\n\r\n", "A.org", "/a", true)]
    [InlineData("GET /a%2Fb/...x/..a HTTP/1.1\r\nHost:a\r\n\r\n", "a", "/a%2Fb/...x/..a", true)]
    [InlineData("GET http://b.org:81/x?y HTTP/1.1\r\nHost: a.org\r\n\r\n", "b.org", "/x", true)]
    [InlineData("GET / HTTP/1.1\r\nHost: [fd00::1]:80\r\n\r\n", "[fd00::1]", "/", true)]
    [InlineData("GET / HTTP/1.1\r\nHost:\r\n\r\n", "", "/", true)]
    [InlineData("GET / HTTP/1.0\r\n\r\n", "", "/", false)]
    [InlineData("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "", "/", true)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", "a", "/", false)]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", "a", "/", false)]
    public void HostPathAndPersistence_AreRead(string head, string host, string path, bool keepsAlive)
    {
        var bytes = Bytes(head);
        Assert.Equal(HeadFault.None, _request.Read(bytes));
        Assert.Equal(host, Text(_request.Host(bytes)));
        Assert.Equal(path, Text(_request.Path(bytes)));
        Assert.Equal(keepsAlive, _request.KeepsAlive);
    }

    [Theory]
    [InlineData("", nameof(BodyFraming.None), 0)]
    [InlineData("Content-Length: 0\r\n", nameof(BodyFraming.Length), 0)]
    [InlineData("content-LENGTH:\t 42 \t\r\n", nameof(BodyFraming.Length), 42)]
    [InlineData("Transfer-Encoding: Chunked\r\n", nameof(BodyFraming.Chunked), 0)]
    public void Framing_IsRead(string fields, string framing, long length)
    {
        Assert.Equal(HeadFault.None, _request.Read(Bytes($"POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")));
        Assert.Equal((framing, length), (_request.Framing.ToString(), _request.BodyLength));
    }

    [Theory]
    [InlineData("Connection: Upgrade\r\nUpgrade: websocket\r\n", true)]
    [InlineData("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", true)]
    [InlineData("Upgrade: websocket\r\n", false)]
    [InlineData("Connection: Upgrade\r\n", false)]
    [InlineData("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n", false)]
    public void Upgrade_NeedsBothFields_AndNoBody(string fields, bool wanted)
    {
        Assert.Equal(HeadFault.None, _request.Read(Bytes($"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")));
        Assert.Equal(wanted, _request.WantsUpgrade);
    }

    [Fact]
    public void AHead_SplitAnywhere_IsFoundOnce()
    {
        var head = Bytes("POST /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n");
        var all = (byte[])[.. head, .. "body"u8];
        for (var split = 0; split < head.Length; split++)
        {
            var scanned = 0;
            Assert.Equal(0, HeadScan.Find(all.AsSpan(0, split), ref scanned));
            Assert.Equal(head.Length, HeadScan.Find(all, ref scanned));
        }
    }

    [Fact]
    public void BareLineFeeds_AreNoHead_AtOnce()
    {
        var scanned = 0;
        Assert.Equal(-1, HeadScan.Find("GET / HTTP/1.1\nHost: a\n\n"u8, ref scanned));
    }

    [Fact]
    public void AnyBytes_AreAHeadOrAFault()
    {
        var random = new Random(20260101);
        string[] seeds = [.. Refused.Select(static row => (string)row[0]), "GET /a/b?c HTTP/1.1\r\nHost: a.org\r\nConnection: x, upgrade\r\nUpgrade: y\r\nX: z\r\nX-Forwarded-For: 1\r\n\r\n"];
        var answer = new ResponseHead();
        var identity = new ClientIdentity { Address = [.. "10.0.0.1"u8], ForwardedFor = [.. "10.0.0.1"u8], Port = [.. "80"u8], IsTls = false, IsTrusted = true };
        var destination = new byte[4096];
        for (var round = 0; round < 50_000; round++)
        {
            var bytes = Bytes(seeds[random.Next(seeds.Length)]);
            for (var flips = random.Next(4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : " \t\r\n:,/%.;"u8[random.Next(10)];
            }

            bytes = random.Next(5) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
            if (_request.Read(bytes) == HeadFault.None)
            {
                var length = RequestRewriter.Write(destination, _request, bytes, identity, "id"u8, withForwarded: true);

                // What goes on is itself a request that nobody refuses, of the same length and target.
                var (framing, body, target) = (_request.Framing, _request.BodyLength, Text(_request.Target(bytes)));
                Assert.Equal(HeadFault.None, _request.Read(destination.AsSpan(0, length)));
                Assert.Equal((framing, body, target), (_request.Framing, _request.BodyLength, Text(_request.Target(destination))));
            }

            _ = answer.Read(bytes, isToHead: false);
        }
    }

    [Fact]
    public void Reading_AllocatesNothing()
    {
        var head = Bytes("GET /a/b?c HTTP/1.1\r\nHost: a.org\r\nConnection: x, keep-alive\r\nX: z\r\nAccept: */*\r\nX-Forwarded-For: 1\r\n\r\n");
        var identity = new ClientIdentity { Address = [.. "10.0.0.1"u8], ForwardedFor = [.. "10.0.0.1"u8], Port = [.. "80"u8], IsTls = false, IsTrusted = false };
        var destination = new byte[4096];
        _request.Read(head);
        RequestRewriter.Write(destination, _request, head, identity, "id"u8, withForwarded: true);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 1000; round++)
        {
            _request.Read(head);
            RequestRewriter.Write(destination, _request, head, identity, "id"u8, withForwarded: true);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
