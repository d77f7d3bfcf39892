using Kn.Bgp.Messages;

namespace Kn.Bgp.Tests;

public sealed class HeaderTests
{
    private static readonly byte[] Marker = [.. Enumerable.Repeat((byte)0xFF, 16)];

    private static string Judge(byte[] message, int maxLength = MessageHeader.MaxLength) =>
        MessageHeader.TryRead(message, maxLength, out var type, out var length, out var error) ? $"{type} {length}"
            : error is null ? "cut" : $"{(byte)error.Code}/{error.Subcode} [{Convert.ToHexString(error.Detail.AsSpan())}]";

    [Conformance("bgp", "Messages")]
    [Fact]
    public void Header_WithAWrongMarker_IsNotSynchronized() => Assert.Equal("1/1 []", Judge([.. Marker[..15], 0, 0, 19, 4]));

    [Conformance("bgp", "Messages")]
    [Fact]
    public void Header_OfAnUnknownType_IsAnsweredWithThatType()
    {
        Assert.Equal("1/3 [06]", Judge([.. Marker, 0, 19, 6]));
        Assert.Equal("1/3 [00]", Judge([.. Marker, 0, 19, 0]));
    }

    [Conformance("bgp", "Messages")]
    [Theory]
    [InlineData(18, 4, 4096)]
    [InlineData(20, 4, 4096)]
    [InlineData(28, 1, 4096)]
    [InlineData(22, 2, 4096)]
    [InlineData(20, 3, 4096)]
    [InlineData(22, 5, 4096)]
    [InlineData(4097, 2, 4096)]
    [InlineData(4097, 1, 65535)]
    public void Length_ThatItsTypeCannotHave_IsAnsweredWithThatLength(int length, byte type, int maxLength) =>
        Assert.Equal($"1/2 [{length:X4}]", Judge([.. Marker, (byte)(length >> 8), (byte)length, type], maxLength));

    [Conformance("bgp", "Messages")]
    [Fact]
    public void ExtendedMessages_AreForUpdatesAlone_AndOnlyWhenAgreed()
    {
        Assert.Equal("Update 65535", Judge([.. Marker, 0xFF, 0xFF, 2], MessageHeader.MaxExtendedLength));
        Assert.Equal("1/2 [FFFF]", Judge([.. Marker, 0xFF, 0xFF, 2]));
    }

    [Fact]
    public void CutHeader_AsksForMore()
    {
        byte[] message = [.. Marker, 0, 19, 4];
        for (var length = 0; length < message.Length; length++)
        {
            Assert.Equal("cut", Judge(message[..length]));
        }

        Assert.Equal("Keepalive 19", Judge(message));
    }
}
