using Kn.Linux.Nflog;
using Kn.Primitives;

namespace Kn.Linux.Tests.Nflog;

public sealed class PacketHeadersTests
{
    private static readonly byte[] V4Tcp = Convert.FromHexString("4500003C000040004006000A0AF400050AF40107" + "9C40" + "0050" + "00000000");
    private static readonly byte[] V4Options = Convert.FromHexString("4600002C000000004011000A0AF400050AF40107" + "01010100" + "1388" + "0035" + "00000000");
    private static readonly byte[] V4LaterFragment = Convert.FromHexString("4500003C000000644011000A0AF400050AF40107" + "9C40" + "0050" + "00000000");
    private static readonly byte[] V6Extended = Convert.FromHexString("60000000001C0040" + "FD000010024400000000000000000005" + "FD000010024400010000000000000007"
        + "2C00000000000000" + "8400000100000000" + "0001" + "0EFA" + "00000000");

    [Fact]
    public void Ports_AreFoundBehindOptionsAndExtensionHeaders()
    {
        Assert.True(PacketHeaders.TryRead(V4Tcp, out var headers));
        Assert.Equal(new PacketHeaders(IpAddress.Parse("10.244.0.5"), IpAddress.Parse("10.244.1.7"), 6, 40000, 80, 60), headers);
        Assert.True(PacketHeaders.TryRead(V4Options, out headers));
        Assert.Equal((17, 5000, 53, 44), (headers.Protocol, headers.SourcePort, headers.DestinationPort, headers.Length));
        Assert.True(PacketHeaders.TryRead(V6Extended, out headers));
        Assert.Equal(new PacketHeaders(IpAddress.Parse("fd00:10:244::5"), IpAddress.Parse("fd00:10:244:1::7"), 132, 1, 3834, 68), headers);
    }

    [Fact]
    public void LaterFragment_HasNoPorts()
    {
        Assert.True(PacketHeaders.TryRead(V4LaterFragment, out var headers));
        Assert.Equal((17, 0, 0), (headers.Protocol, headers.SourcePort, headers.DestinationPort));
    }

    [Fact]
    public void CutAnywhere_ItIsReadAsFarAsItGoes_OrNotAtAll()
    {
        foreach (var packet in (byte[][])[V4Tcp, V4Options, V6Extended])
        {
            Assert.True(PacketHeaders.TryRead(packet, out var whole));
            var header = packet[0] >> 4 == 4 ? 20 : 40;
            for (var length = 0; length < packet.Length; length++)
            {
                Assert.Equal(length >= header, PacketHeaders.TryRead(packet.AsSpan(0, length).ToArray(), out var cut));
                Assert.True(length < header || (cut.Source == whole.Source && (cut.DestinationPort == whole.DestinationPort || cut.DestinationPort == 0)));
            }
        }
    }
}
