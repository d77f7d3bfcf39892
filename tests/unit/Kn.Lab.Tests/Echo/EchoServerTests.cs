using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Lab.Echo;

namespace Kn.Lab.Tests.Echo;

#pragma warning disable CA1001 // xunit calls DisposeAsync of IAsyncLifetime.
public sealed class EchoServerTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly EchoServer _server = new("pod-1");
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public Task InitializeAsync()
    {
        _server.ListenTcp(0);
        _server.ListenUdp(0);
        _running = _server.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _server.Dispose();
        _stop.Dispose();
    }

    public static TheoryData<string, string> Paths() => new()
    {
        { "/hostname", "pod-1" }, { "/", "pod-1" }, { "/clientip", "127.0.0.1" }, { "/healthz", "ok" },
        { "/echo?msg=a%20b+c", "a b c" }, { "/echo", "" }, { "/echo?x=1&msg=y", "y" },
    };

    [Theory, MemberData(nameof(Paths))]
    public async Task Get_AnswersTheWord(string path, string expected)
    {
        using var client = new HttpClient();
        Assert.Equal(expected, await client.GetStringAsync(new Uri($"http://127.0.0.1:{_server.TcpPorts[0]}{path}")));
    }

    [Fact]
    public async Task Get_OverIpv6_SeesTheClientsAddress()
    {
        using var client = new HttpClient();
        Assert.Equal("::1", await client.GetStringAsync(new Uri($"http://[::1]:{_server.TcpPorts[0]}/clientip")));
    }

    [Fact]
    public async Task TwoRequestsInOnePacket_AreBothAnsweredOnOneConnection()
    {
        var text = await TalkAsync("GET /hostname HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo?msg=2 HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
        Assert.Equal(2, text.Split("HTTP/1.1 200 OK").Length - 1);
        Assert.EndsWith("\r\n\r\n2", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rubbish\r\n\r\n", 400)]
    [InlineData("GET / HTTP/2.0\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    [InlineData("GET /nothing HTTP/1.0\r\n\r\n", 404)]
    [InlineData("DELETE / HTTP/1.0\r\n\r\n", 405)]
    public async Task WhatItCannotServe_GetsAStatus(string request, int status) =>
        Assert.StartsWith($"HTTP/1.1 {status} ", await TalkAsync(request), StringComparison.Ordinal);

    [Theory]
    [InlineData("hostname", "pod-1")]
    [InlineData("clientip\n", "127.0.0.1")]
    [InlineData("echo hello there", "hello there")]
    [InlineData("what", "say hostname, clientip or echo MESSAGE")]
    public async Task Datagram_AnswersTheWord(string words, string expected)
    {
        using var client = new UdpClient("127.0.0.1", _server.UdpPorts[0]);
        await client.SendAsync(Encoding.UTF8.GetBytes(words));
        Assert.Equal(expected, Encoding.UTF8.GetString((await client.ReceiveAsync()).Buffer));
    }

    private async Task<string> TalkAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _server.TcpPorts[0]);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync();
    }
}
