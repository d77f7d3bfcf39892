using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Tests.Netlink;

public sealed class WriterTests
{
    [Fact]
    public void EveryPut_IsReadBack_AndPaddedWithZeros()
    {
        var buffer = new byte[8];
        buffer.AsSpan().Fill(0xFF);
        using var writer = Written(buffer);
        var reader = new AttributeReader(writer.Written);
        Assert.True(reader.MoveNext());
        Assert.Equal(0xAB, reader.ReadUInt8());
        Assert.True(reader.MoveNext());
        Assert.Equal(0x1234, reader.ReadUInt16BigEndian());
        Assert.True(reader.MoveNext());
        Assert.Equal("ärger", reader.ReadString());
        Assert.True(reader.MoveNext());
        Assert.True(reader.IsNested);
        Assert.Equal(4, reader.Type);
        var inner = reader.Nested();
        Assert.True(inner.MoveNext());
        Assert.Equal(0x0102030405060708u, inner.ReadUInt64BigEndian());
        Assert.False(inner.MoveNext());
        Assert.True(reader.MoveNext());
        Assert.Equal(IpAddress.Parse("2001:db8::1"), reader.ReadAddress());
        Assert.False(reader.MoveNext());
        Assert.StartsWith("05000100ab000000060002001234000", Convert.ToHexStringLower(writer.Written), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatDoesNotFitSixteenBits_IsRefused_NotWrapped()
    {
        Assert.Throws<InvalidOperationException>(() => new NetlinkWriter(new byte[16]).PutBytes(1, new byte[65532]));
        Assert.Throws<InvalidOperationException>(() =>
        {
            var writer = new NetlinkWriter(new byte[16]);
            var nest = writer.BeginNest(1);
            writer.PutBytes(1, new byte[40_000]);
            writer.PutBytes(2, new byte[40_000]);
            writer.EndNest(nest);
        });
    }

    [Fact]
    public void AValueOfAnotherLength_IsMalformed()
    {
        var bytes = new byte[] { 6, 0, 1, 0, 1, 2, 0, 0 };
        Assert.Throws<WireFormatException>(() => At(bytes).ReadUInt8());
        Assert.Throws<WireFormatException>(() => At(bytes).ReadUInt32());
        Assert.Throws<WireFormatException>(() => At(bytes).ReadUInt64BigEndian());
        Assert.Throws<WireFormatException>(() => At(bytes).ReadAddress());
        Assert.Equal(0x0201, At(bytes).ReadUInt16());
    }

    [Theory]
    [InlineData("00")]
    [InlineData("03000100")]
    [InlineData("00000100")]
    [InlineData("09000100aabbccdd")]
    [InlineData("ffff0100")]
    public void ALengthThatCannotBe_IsMalformed(string hex) => Assert.Throws<WireFormatException>(() => At(Convert.FromHexString(hex)));

    private static AttributeReader At(byte[] bytes)
    {
        var reader = new AttributeReader(bytes);
        reader.MoveNext();
        return reader;
    }

    private static NetlinkWriter Written(byte[] buffer)
    {
        var writer = new NetlinkWriter(buffer);
        writer.PutUInt8(1, 0xAB);
        writer.PutUInt16BigEndian(2, 0x1234);
        writer.PutString(3, "ärger");
        var nest = writer.BeginNest(4);
        writer.PutUInt64BigEndian(5, 0x0102030405060708);
        writer.EndNest(nest);
        writer.PutAddress(6, IpAddress.Parse("2001:db8::1"));
        return writer;
    }
}
