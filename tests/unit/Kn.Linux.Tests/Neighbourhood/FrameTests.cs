using Kn.Linux.Neighbourhood;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Linux.Tests.Neighbourhood;

/// <summary>ARP and Neighbor Discovery frames; the samples are what Linux 6.1 and arping (iputils) sent, read with tcpdump.</summary>
public sealed class FrameTests
{
    private const string ArpRequest = "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 c0000201 000000000000 c0000232";
    private const string ArpProbe = "ffffffffffff 020000000001 0806 0001 0800 06 04 0001 020000000001 00000000 000000000000 c0000232";
    private const string ArpReply = "020000000001 020000000002 0806 0001 0800 06 04 0002 020000000002 c0000232 020000000001 c0000201";

    private const string Solicitation =
        "3333ff000050 020000000001 86dd 60000000 0020 3a ff 20010db8000000000000000000000001 ff0200000000000000000001ff000050"
        + "8700 SUM 00000000 20010db8000000000000000000000050 0101 020000000001";

    private static readonly MacAddress s_one = MacAddress.FromNumber(0x020000000001);
    private static readonly MacAddress s_two = MacAddress.FromNumber(0x020000000002);
    private static readonly IpAddress s_v4 = IpAddress.Parse("192.0.2.50");
    private static readonly IpAddress s_v6 = IpAddress.Parse("2001:db8::50");

    [Fact]
    public void AnArpRequest_AsksForItsTarget() =>
        Assert.Equal(new NeighbourMessage(true, s_v4, IpAddress.Parse("192.0.2.1"), s_one, s_one), Read(Bytes(ArpRequest)));

    [Fact]
    public void AnArpProbe_HasNoSender() => Assert.Equal(new NeighbourMessage(true, s_v4, null, s_one, s_one), Read(Bytes(ArpProbe)));

    [Fact]
    public void AnArpReply_ClaimsItsSender()
    {
        var message = Read(Bytes(ArpReply));
        Assert.Equal(new NeighbourMessage(false, s_v4, s_v4, s_two, s_two), message);
        Assert.True(message.IsClaim);
    }

    [Fact]
    public void WrittenReplies_AreThoseOfTheSample()
    {
        var frame = new byte[ArpFrame.Bytes];
        ArpFrame.WriteReply(frame, s_v4, s_two, Read(Bytes(ArpRequest)));
        Assert.Equal(Convert.ToHexString(Bytes(ArpReply)), Convert.ToHexString(frame));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GratuitousArp_IsAClaimOfBothForms(bool asReply)
    {
        var frame = new byte[ArpFrame.Bytes];
        ArpFrame.WriteGratuitous(frame, s_v4, s_two, asReply);
        var message = Read(frame);
        Assert.Equal((s_v4, s_two, true, !asReply), (message.Target, message.SenderMac, message.IsClaim, message.IsQuestion));
    }

    [Fact]
    public void ASolicitation_AsksForItsTarget() =>
        Assert.Equal(new NeighbourMessage(true, s_v6, IpAddress.Parse("2001:db8::1"), s_one, s_one), Read(Sample()));

    [Fact]
    public void AnAnsweredSolicitation_IsReadBack()
    {
        var frame = new byte[NdFrame.Bytes];
        NdFrame.WriteReply(frame, s_v6, s_two, IpAddress.Parse("fe80::2"), Read(Sample()));
        Assert.Equal(new NeighbourMessage(false, s_v6, null, s_two, s_two), Read(frame));
        Assert.Equal("020000000001", Convert.ToHexString(frame.AsSpan(0, 6)));
        Assert.Equal(0x60, frame[58]);
    }

    [Fact]
    public void DuplicateAddressDetection_IsAnsweredToAllNodes()
    {
        var frame = new byte[NdFrame.Bytes];
        NdFrame.WriteReply(frame, s_v6, s_two, IpAddress.Parse("fe80::2"), Read(Sample()) with { Sender = null });
        Assert.Equal(("333300000001", 0x20), (Convert.ToHexString(frame.AsSpan(0, 6)), frame[58]));
    }

    [Fact]
    public void SolicitedNodeGroups_AreThoseOfRfc4291()
    {
        var group = NdFrame.SolicitedNode(IpAddress.Parse("4037::1:800:200e:8c6c"));
        Assert.Equal(("ff02::1:ff0e:8c6c", "33:33:ff:0e:8c:6c"), (group.ToString(), NdFrame.MulticastMac(group).ToString()));
    }

    [Fact]
    public void EveryTruncation_IsNoMessage()
    {
        foreach (var sample in new[] { Bytes(ArpRequest), Bytes(ArpReply), Sample() })
        {
            for (var length = 0; length < sample.Length; length++)
            {
                Assert.False(NeighbourMessage.TryRead(sample.AsSpan(0, length), out _));
            }
        }
    }

    [Fact]
    public void RandomDamage_NeverThrows_AndNeverPassesTheChecksum()
    {
        var random = new Random(75);
        for (var i = 0; i < 20_000; i++)
        {
            foreach (var sample in new[] { Bytes(ArpRequest), Sample() })
            {
                sample[random.Next(sample.Length)] ^= (byte)(1 << random.Next(8));
                var length = random.Next(sample.Length + 1);
                var isRead = NeighbourMessage.TryRead(sample.AsSpan(0, length), out var message);
                Assert.True(!isRead || message.Target.Family is IpFamily.V4 or IpFamily.V6);
            }
        }

        var damaged = Sample();
        damaged[^1] ^= 1;
        Assert.False(NeighbourMessage.TryRead(damaged, out _));
    }

    [Theory]
    [InlineData(21, 254)]
    [InlineData(55, 1)]
    [InlineData(79, 0)]
    [InlineData(79, 9)]
    [InlineData(62, 0xff)]
    public void SolicitationsThatRfc4861Refuses_AreNoMessages(int offset, byte value)
    {
        var sample = Sample(bytes => bytes[offset] = value);
        Assert.False(NeighbourMessage.TryRead(sample, out _));
    }

    private static NeighbourMessage Read(byte[] frame)
    {
        Assert.True(NeighbourMessage.TryRead(frame, out var message));
        return message;
    }

    private static byte[] Sample(Action<byte[]>? change = null)
    {
        var bytes = Bytes(Solicitation.Replace("SUM", "0000", StringComparison.Ordinal));
        change?.Invoke(bytes);
        var sum = 0u;
        for (var i = 22; i < bytes.Length; i += 2)
        {
            sum += (uint)((bytes[i] << 8) | bytes[i + 1]);
        }

        sum += 32 + 58;
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        (bytes[56], bytes[57]) = ((byte)(~sum >> 8), (byte)~sum);
        return bytes;
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
