using System.Text;
using Kn.Ingress.Http;

namespace Kn.Ingress.Tests.Http;

public sealed class RewriterTests
{
    [Fact]
    public void Request_LosesWhatIsOfTheHop_AndSaysWhomItIsFrom() => Assert.Equal(
        "GET /a?b HTTP/1.1\r\nHost: a.org:81\r\nAccept: */*\r\nX-Real-Ip: 192.0.2.7\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Host: a.org:81\r\n"
        + "X-Forwarded-Port: 80\r\nX-Forwarded-Proto: http\r\nX-Request-Id: id\r\n\r\n",
        Rewrite("GET /a?b HTTP/1.1\r\nHost: a.org:81\r\nConnection: keep-alive, x-hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\nTE: trailers\r\nProxy-Connection: x\r\nProxy: evil\r\nX_Real_Ip: 1\r\nAccept: */*\r\n"
            + "X-Forwarded-For: 10.9.9.9\r\nX-Forwarded-Proto: https\r\nForwarded: for=1\r\nX-Real-IP: 1\r\n\r\n"));

    [Fact]
    public void TrustedProxy_IsBelieved() => Assert.Equal(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Real-Ip: 10.9.9.9\r\nX-Forwarded-For: 10.9.9.9, 10.8.8.8, 192.0.2.7\r\nX-Forwarded-Host: a\r\n"
        + "X-Forwarded-Port: 80\r\nForwarded: for=1, for=192.0.2.7;proto=http\r\nX-Request-Id: id\r\n\r\n",
        Rewrite("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.9.9.9, 10.8.8.8\r\nX-Forwarded-Proto: https\r\nForwarded: for=1\r\n\r\n", isTrusted: true, withForwarded: true));

    [Fact]
    public void Upgrade_GoesOn() => Assert.Contains(
        "Upgrade: websocket\r\n", Rewrite("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), StringComparison.Ordinal);

    [Fact]
    public void AbsoluteTarget_BecomesAPath_AndItsHostWins() => Assert.StartsWith(
        "GET /x HTTP/1.1\r\nHost: b.org\r\nX-Real", Rewrite("GET http://b.org/x HTTP/1.1\r\nHost: a.org\r\n\r\n"), StringComparison.Ordinal);

    [Fact]
    public void WhatDoesNotFit_IsZero()
    {
        var head = Encoding.Latin1.GetBytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        var request = new RequestHead();
        request.Read(head);
        for (var room = 0; room < 100; room++)
        {
            Assert.Equal(0, RequestRewriter.Write(new byte[room], request, head, Client(false), "id"u8, withForwarded: false));
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close, x\r\nX: 1\r\nKeep-Alive: 5\r\nServer: s\r\n\r\n", "Length", 5, false, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: s\r\n\r\n")]
    [InlineData("HTTP/1.0 404 Not Found\r\n\r\n", "UntilClose", 0, false, "HTTP/1.1 404 Not Found\r\n\r\n")]
    [InlineData("HTTP/1.1 204\r\n\r\n", "None", 0, true, "HTTP/1.1 204\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "None", 5, true, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Chunked", 0, true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public void Answer_IsReadAndRewritten(string head, string framing, long length, bool keepsAlive, string expected)
    {
        var bytes = Encoding.Latin1.GetBytes(head);
        var answer = new ResponseHead();
        Assert.Equal(HeadFault.None, answer.Read(bytes, isToHead: false));
        Assert.Equal((framing, length, keepsAlive), (answer.Framing.ToString(), answer.BodyLength, answer.KeepsAlive));
        var destination = new byte[1024];
        Assert.Equal(expected, Encoding.Latin1.GetString(destination, 0, ResponseRewriter.Write(destination, answer, bytes, Persistence.KeepsAlive, isUpgrade: false)));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 099 OK\r\n\r\n")]
    [InlineData("ICY 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX : y\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\nX: y\r\n\r\n")]
    public void BadAnswer_IsRefused(string head) => Assert.NotEqual(HeadFault.None, new ResponseHead().Read(Encoding.Latin1.GetBytes(head), isToHead: false));

    private static ClientIdentity Client(bool isTrusted) =>
        new() { Address = [.. "192.0.2.7"u8], ForwardedFor = [.. "192.0.2.7"u8], Port = [.. "80"u8], IsTls = false, IsTrusted = isTrusted };

    private static string Rewrite(string head, bool isTrusted = false, bool withForwarded = false)
    {
        var bytes = Encoding.Latin1.GetBytes(head);
        var request = new RequestHead();
        Assert.Equal(HeadFault.None, request.Read(bytes));
        var destination = new byte[4096];
        return Encoding.Latin1.GetString(destination, 0, RequestRewriter.Write(destination, request, bytes, Client(isTrusted), "id"u8, withForwarded));
    }
}
