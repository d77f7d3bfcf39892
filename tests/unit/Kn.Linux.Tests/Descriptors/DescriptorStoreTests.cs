using System.Net;
using System.Net.Sockets;
using Kn.Linux.Datagrams;
using Kn.Linux.Descriptors;
using Kn.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Tests.Descriptors;

/// <summary>Open files that go to the service manager and come back; the manager is a socket of the test.</summary>
public sealed class DescriptorStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-store-").FullName;
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public DescriptorStoreTests() => _manager.Bind(new UnixDomainSocketEndPoint(NotifySocket));

    private string NotifySocket => Path.Combine(_folder, "notify");

    public void Dispose()
    {
        _manager.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void StoredSocket_IsTheSameSocket_WithWhatWaitsInIt_AfterItsOwnerHasClosedIt()
    {
        using var store = new DescriptorStore(NotifySocket, []);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        store.Store("dns-udp", listener.SafeHandle);
        listener.Dispose();
        using (var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            client.SendTo("waits"u8, SocketFlags.None, new IPEndPoint(IPAddress.Loopback, port));
        }

        var message = Receive();
        Assert.Equal("FDSTORE=1\nFDNAME=dns-udp\nFDPOLL=0", message.Text);
        using var next = new DescriptorStore(NotifySocket, [new("dns-udp", Assert.Single(message.Descriptors))]);
        Assert.Equal(["dns-udp"], next.Untaken);
        using var taken = UdpSocket.Adopt(next.Take("dns-udp")!, IpAddress.Loopback(IpFamily.V4), (ushort)port, 1 << 20);
        using var batch = new DatagramBatch(2, 100, 100);
        Assert.Equal(1, batch.Receive(taken));
        Assert.Equal("waits"u8, batch.Request(0));
        Assert.Null(next.Take("dns-udp"));
        Assert.Empty(next.RemoveUntaken());
    }

    [Fact]
    public void ReceiveTimeout_EndsAWaitWithoutADatagram()
    {
        using var socket = UdpSocket.Bind(IpAddress.Loopback(IpFamily.V4), 0, 1 << 16);
        socket.SetReceiveTimeout(TimeSpan.FromMilliseconds(1));
        using var batch = new DatagramBatch(2, 100, 100);
        Assert.Equal(0, batch.Receive(socket));
    }

    [Fact]
    public void WhatNobodyTakes_IsClosed_AndTheManagerToldSo()
    {
        var left = Open();
        using var store = new DescriptorStore(NotifySocket, [new("a", Open()), new("b", left)]);
        using var taken = store.Take("a");
        Assert.Equal(["b"], store.RemoveUntaken());
        Assert.True(left.IsClosed);
        Assert.False(taken!.IsClosed);
        Assert.Equal("FDSTOREREMOVE=1\nFDNAME=b", Receive().Text);
    }

    [Fact]
    public void TwoOfAName_BecomeOne()
    {
        var (first, second) = (Open(), Open());
        using var store = new DescriptorStore(NotifySocket, [new("a", first), new("a", second)]);
        Assert.True(second.IsClosed);
        Assert.Equal(["a"], store.Untaken);
        Assert.Equal("FDSTOREREMOVE=1\nFDNAME=a", Receive().Text);
        var again = Receive();
        Assert.Equal("a", again.Value("FDNAME"));
        Assert.Single(again.Descriptors).Dispose();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/nonexistent/notify")]
    public void WithoutAManager_NothingHappens(string? path)
    {
        using var store = new DescriptorStore(path, []);
        using var file = Open();
        store.Store("a", file);
        store.Remove("a");
        Assert.Null(store.Take("a"));
    }

    [Fact]
    public void ManagerThatWentAway_IsNoFault()
    {
        using var store = new DescriptorStore(NotifySocket, []);
        _manager.Dispose();
        using var file = Open();
        store.Store("a", file);
        store.Remove("a");
    }

    [Theory]
    [InlineData(null, "1", "a")]
    [InlineData("1", "1", "a")]
    [InlineData("own", null, "a")]
    [InlineData("own", "-1", "a")]
    [InlineData("own", "0", "")]
    [InlineData("own", "99999999999", "a")]
    public void EnvironmentOfAnotherProcess_OrABrokenOne_GivesNothing(string? process, string? count, string? names) =>
        Assert.Empty(InheritedDescriptors.Take(process == "own" ? Environment.ProcessId.ToString() : process, count, names));

    [Fact]
    public void Identity_IsWhatTheKernelSays()
    {
        using var udp = UdpSocket.Bind(IpAddress.Parse("::1"), 0, 1 << 16);
        var identity = SocketIdentity.Read(udp.Handle)!.Value;
        Assert.Equal(SocketIdentity.Udp(IpAddress.Parse("::1"), identity.Port), identity);
        Assert.NotEqual(0, identity.Port);
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = (ushort)((IPEndPoint)tcp.LocalEndPoint!).Port;
        Assert.NotEqual(SocketIdentity.TcpListener(IpAddress.Loopback(IpFamily.V4), port), SocketIdentity.Read(tcp.SafeHandle));
        tcp.Listen();
        Assert.Equal(SocketIdentity.TcpListener(IpAddress.Loopback(IpFamily.V4), port), SocketIdentity.Read(tcp.SafeHandle));
        Assert.Equal($"TCP 127.0.0.1 port {port}, listening", SocketIdentity.Read(tcp.SafeHandle).ToString());
        using var file = Open();
        Assert.Null(SocketIdentity.Read(file));
        Assert.Null(SocketIdentity.Read(_manager.SafeHandle));
    }

    [Fact]
    public void SocketOfAnotherAddress_IsNotAdopted()
    {
        using var socket = UdpSocket.Bind(IpAddress.Loopback(IpFamily.V4), 0, 1 << 16);
        var error = Assert.Throws<LinuxException>(() => UdpSocket.Adopt(socket.Handle, IpAddress.Parse("127.0.0.2"), 53, 1 << 16));
        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.False(socket.Handle.IsClosed);
    }

    private static SafeFileHandle Open() => File.OpenHandle("/dev/null");

    private DescriptorMessage Receive() => DescriptorMessage.TryReceive(_manager) ?? throw new InvalidOperationException("no message has come");
}
