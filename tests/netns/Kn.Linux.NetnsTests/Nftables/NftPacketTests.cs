using System.Net;
using System.Net.Sockets;
using Kn.Linux.Nftables;
using Kn.Linux.Tests.Nftables;
using Kn.Primitives;

namespace Kn.Linux.NetnsTests.Nftables;

/// <summary>Real packets through the Service layout. Needs root.</summary>
public sealed class NftPacketTests : IDisposable
{
    private readonly NftNamespace _ns = new();

    public void Dispose() => _ns.Dispose();

    [Fact]
    public void ClusterIp_LeadsToTheEndpoint_AndAnswersComeFromTheClusterIp()
    {
        _ns.Run("ip", ["link", "set", "lo", "up"], null);
        _ns.Run("ip", ["route", "add", "10.96.0.0/16", "dev", "lo", "src", "127.0.0.1"], null);
        var family = new ServiceExample.Family(IpFamily.V4);
        var (answer, listening) = _ns.Namespace.Run(() =>
        {
            using var server = new TcpListener(IPAddress.Loopback, 0);
            server.Start();
            var port = (ushort)((IPEndPoint)server.LocalEndpoint).Port;
            Program(family, port);
            using var client = new TcpClient(AddressFamily.InterNetwork);
            client.Connect(IPAddress.Parse("10.96.0.77"), 80);
            using var accepted = server.AcceptTcpClient();
            accepted.Client.Send("hello"u8);
            var buffer = new byte[5];
            client.GetStream().ReadExactly(buffer);
            return (buffer, ((IPEndPoint)accepted.Client.LocalEndPoint!).Port == port);
        });

        Assert.Equal("hello"u8.ToArray(), answer);
        Assert.True(listening);
    }

    private void Program(ServiceExample.Family family, ushort port)
    {
        var table = ServiceExample.Build();
        _ns.Socket.Apply(new NftBatch()
            .AddWhole(table)
            .AddElements(table.Id, family.Services, [ServiceExample.Vip("10.96.0.77", 6, 80, 0x77)])
            .AddElements(table.Id, ServiceExample.Lists, [new NftElement(NftValue.Of(0x77u), NftValue.Of(0x1060001u))])
            .AddElements(table.Id, family.Endpoints, [ServiceExample.Slot(0x77, 0, "127.0.0.1", port)]));
    }
}
