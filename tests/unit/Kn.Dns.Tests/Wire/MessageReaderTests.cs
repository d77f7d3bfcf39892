using Kn.Dns.Wire;

namespace Kn.Dns.Tests.Wire;

public sealed class MessageReaderTests
{
    private const string Header = "1234 8180 0001 0001 0000 0000 ";
    private const string Question = "01 61 00 0001 0001 ";

    public static TheoryData<string, string> BadNames() => new()
    {
        { "points at itself", "C013" },
        { "points ahead", "C015 00 0161 00" },
        { "two that point at each other", "0162 C017 0163 C013" },
        { "a label, then back to that label", "0162 C013" },
        { "into the header", "C000" },
        { "a cut pointer", "C0" },
        { "a label of an unknown kind", "4161 00" },
        { "a cut label", "0561" },
        { "no end", "0161" },
    };

    [Theory, MemberData(nameof(BadNames))]
    public void BadName_IsRefused(string name, string hex)
    {
        var message = Convert.FromHexString((Header + Question + hex).Replace(" ", "", StringComparison.Ordinal));
        Assert.False(new MessageReader(message).TryReadName(19, new byte[DnsName.MaxLength], out _, out _), name);
    }

    [Fact]
    public void Name_FollowsPointersBack()
    {
        var message = Convert.FromHexString((Header + Question + "0162 C00C 0163 C013").Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal("b.a.", Messages.NameAt(message, 19));
        Assert.Equal("c.b.a.", Messages.NameAt(message, 23));
        Assert.True(new MessageReader(message).TryReadName(23, new byte[255], out _, out var next));
        Assert.Equal(message.Length, next);
    }

    [Fact]
    public void NameThatGrowsByPointersBeyond255_IsRefused()
    {
        // Five labels of 60 bytes, each pointing at the one before: four make 245 bytes, five too many.
        var message = new List<byte>(Convert.FromHexString(Header.Replace(" ", "", StringComparison.Ordinal))) { 0 };
        var previous = 12;
        var last = 0;
        for (var index = 0; index < 5; index++)
        {
            last = message.Count;
            message.AddRange([60, .. Enumerable.Repeat((byte)'a', 60), (byte)(0xC0 | (previous >> 8)), (byte)previous]);
            Assert.Equal(index < 4, new MessageReader(message.ToArray()).TryReadName(last, new byte[255], out _, out _));
            previous = last;
        }
    }

    [Fact]
    public void Records_CutAnywhere_AreRefused()
    {
        var query = Messages.Read(Messages.Query("web.default.svc.cluster.local", DnsType.Srv));
        var response = new byte[512];
        var writer = new ResponseWriter(response, query);
        Assert.True(writer.TryWriteName(DnsSection.Answer, query.Name, DnsType.Cname, 5, DnsName.Parse("example.com")));
        Assert.True(writer.TryWrite(DnsSection.Answer, DnsName.Parse("example.com"), DnsType.A, 5, [1, 2, 3, 4]));
        var whole = response.AsSpan(0, writer.Finish(DnsRcode.NoError)).ToArray();
        for (var length = DnsHeader.Size; length < whole.Length; length++)
        {
            var poisoned = new byte[whole.Length];
            poisoned.AsSpan().Fill(0xFF);
            whole.AsSpan(0, length).CopyTo(poisoned);
            var reader = new MessageReader(poisoned.AsSpan(0, length));
            Assert.False(reader.TryReadQuestion(out _, out _, out _) && reader.TryReadRecord(out _) && reader.TryReadRecord(out _));
        }
    }

    [Fact]
    public void TcpFrame_SplitAnywhere_IsReadOnceItIsWhole()
    {
        byte[] stream = [0, 3, 1, 2, 3, 0, 0, 0, 1, 9];
        for (var length = 0; length < 5; length++)
        {
            Assert.False(TcpFrame.TryRead(stream.AsSpan(0, length), out _, out _));
        }

        Assert.True(TcpFrame.TryRead(stream, out var message, out var consumed));
        Assert.Equal([1, 2, 3], message.ToArray());
        Assert.Equal(5, consumed);
        Assert.True(TcpFrame.TryRead(stream.AsSpan(5), out message, out consumed));
        Assert.True(message.IsEmpty);
        Assert.Equal(2, consumed);
    }
}
