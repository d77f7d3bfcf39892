using System.Text;
using Kn.Ingress.Http2.Hpack;

namespace Kn.Ingress.Tests.Http2;

public sealed class HpackTests
{
    /// <summary>RFC 7541 appendix C.2 to C.6: blocks of one connection in their order, and what is in them; the table's size after each.</summary>
    public static TheoryData<string, int, string[]> Vectors => new()
    {
        { "C.2.1", 4096, ["400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key: custom-header", "55"] },
        { "C.2.2", 4096, ["040c2f73616d706c652f70617468", ":path: /sample/path", "0"] },
        { "C.2.3", 4096, ["100870617373776f726406736563726574", "password: secret", "0"] },
        { "C.2.4", 4096, ["82", ":method: GET", "0"] },
        {
            "C.3", 4096, [
                "828684410f7777772e6578616d706c652e636f6d", ":method: GET|:scheme: http|:path: /|:authority: www.example.com", "57",
                "828684be58086e6f2d6361636865", ":method: GET|:scheme: http|:path: /|:authority: www.example.com|cache-control: no-cache", "110",
                "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", ":method: GET|:scheme: https|:path: /index.html|:authority: www.example.com|custom-key: custom-value", "164"]
        },
        {
            "C.4", 4096, [
                "828684418cf1e3c2e5f23a6ba0ab90f4ff", ":method: GET|:scheme: http|:path: /|:authority: www.example.com", "57",
                "828684be5886a8eb10649cbf", ":method: GET|:scheme: http|:path: /|:authority: www.example.com|cache-control: no-cache", "110",
                "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", ":method: GET|:scheme: https|:path: /index.html|:authority: www.example.com|custom-key: custom-value", "164"]
        },
        {
            "C.5", 256, [
                "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
                ":status: 302|cache-control: private|date: Mon, 21 Oct 2013 20:13:21 GMT|location: https://www.example.com", "222",
                "4803333037c1c0bf", ":status: 307|cache-control: private|date: Mon, 21 Oct 2013 20:13:21 GMT|location: https://www.example.com", "222",
                "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
                ":status: 200|cache-control: private|date: Mon, 21 Oct 2013 20:13:22 GMT|location: https://www.example.com|content-encoding: gzip|set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1", "215"]
        },
        {
            "C.6", 256, [
                "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
                ":status: 302|cache-control: private|date: Mon, 21 Oct 2013 20:13:21 GMT|location: https://www.example.com", "222",
                "4883640effc1c0bf", ":status: 307|cache-control: private|date: Mon, 21 Oct 2013 20:13:21 GMT|location: https://www.example.com", "222",
                "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
                ":status: 200|cache-control: private|date: Mon, 21 Oct 2013 20:13:22 GMT|location: https://www.example.com|content-encoding: gzip|set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1", "215"]
        },
    };

    public static TheoryData<string> Broken =>
    [
        "80", // index 0
        "be", // an index that the table has not
        "ffffffffff7f", // an integer that is too large
        "ff", // an integer that does not end
        "4f", // a literal without its strings
        "400a6375", // a name that is cut off
        "4001", // a name that is not there
        "0001610a62", // a value that is cut off
        "008a637573746f6d2d6b657900", // Huffman of nothing
        "000161 84ffffffff", // the end of the string as a symbol (RFC 7541 §5.2)
        "000161821fff", // padding of eight bits
        "0001618118", // padding that is no ones
        "3fe21f", // a table larger than was allowed
        "8220", // a size after a field
    ];

    [Theory, MemberData(nameof(Vectors))]
    [Conformance("ingress", "HTTP/2")]
    public void HPACK_is_read_as_in_the_examples_of_RFC_7541(string example, int limit, string[] rows)
    {
        var table = new HpackTable { Limit = limit };
        for (var row = 0; row < rows.Length; row += 3)
        {
            Assert.True(rows[row + 1] == Read(table, Convert.FromHexString(rows[row])), $"{example}: {rows[row + 1]}");
            Assert.Equal(rows[row + 2], table.Size.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Theory]
    [InlineData(10, 5, "0a")]
    [InlineData(1337, 5, "1f9a0a")]
    [InlineData(42, 8, "2a")]
    [InlineData(31, 5, "1f00")]
    [InlineData(0, 1, "00")]
    [InlineData(1, 1, "0100")]
    public void Integers_AreAsInTheExamples(int value, int prefixBits, string hex)
    {
        Span<byte> bytes = stackalloc byte[HpackInteger.MaxLength];
        Assert.Equal(hex, Convert.ToHexStringLower(bytes[..HpackInteger.Write(bytes, 0, prefixBits, value)]));
        Assert.True(HpackInteger.TryRead(Convert.FromHexString(hex), prefixBits, out var read, out var length));
        Assert.Equal((value, hex.Length / 2), (read, length));
    }

    [Theory, MemberData(nameof(Broken))]
    [Conformance("ingress", "HTTP/2")]
    public void A_header_block_that_is_none_is_refused(string hex) => Assert.Equal("broken", Read(new HpackTable(), Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal))));

    [Fact]
    public void EveryTruncation_IsRefused_OrHasFewerFields()
    {
        foreach (var row in Vectors)
        {
            var block = Convert.FromHexString(((string[])row[2])[0]);
            var whole = Read(new HpackTable(), block);
            for (var length = 0; length < block.Length; length++)
            {
                var part = Read(new HpackTable(), block.AsSpan(0, length));
                Assert.True(part == "broken" || (whole.StartsWith(part, StringComparison.Ordinal) && part.Length < whole.Length), $"{row[0]} at {length}: {part}");
            }
        }
    }

    [Fact]
    public void AnyBytes_AreFieldsOrNone()
    {
        var random = new Random(3);
        for (var round = 0; round < 20_000; round++)
        {
            var table = new HpackTable();
            for (var block = 0; block < 4; block++)
            {
                var bytes = new byte[random.Next(120)];
                random.NextBytes(bytes);
                Read(table, bytes);
                Assert.InRange(table.Size, 0, HpackTable.MaxSize);
            }
        }
    }

    [Fact]
    public void WhatIsWritten_IsRead_AndRepeatedFieldsCostAnOctet()
    {
        var (encoder, table) = (new HpackEncoder(), new HpackTable());
        var random = new Random(11);
        string[] names = ["Server", "Content-Type", "Date", "X-Random", "Set-Cookie", "Cache-Control", "x-forwarded-host", new string('N', 200), "Content-Length"];
        for (var round = 0; round < 2_000; round++)
        {
            if (round % 97 == 0)
            {
                encoder.Restrict((uint)random.Next(5_000));
                encoder.Restrict((uint)random.Next(5_000));
            }

            var fields = Enumerable.Range(0, random.Next(12)).Select(_ => (Name: names[random.Next(names.Length)], Value: new string((char)('a' + random.Next(26)), random.Next(300)))).ToList();
            var buffer = new byte[FieldBlockWriter.MaxLength(13, 8_000)];
            var writer = new FieldBlockWriter(encoder, buffer);
            writer.Status(random.Next(100, 600));
            foreach (var (name, value) in fields)
            {
                writer.Field(Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
            }

            var read = Read(table, buffer.AsSpan(0, writer.Length));
            Assert.Equal(string.Concat(fields.Select(static field => $"|{field.Name.ToLowerInvariant()}: {field.Value}")), read[12..]);
        }

        var again = new FieldBlockWriter(new HpackEncoder(), new byte[512]);
        again.Field("Server"u8, "nginx/1.22.1"u8);
        var first = again.Length;
        again.Field("server"u8, "nginx/1.22.1"u8);
        Assert.Equal(first + 1, again.Length);
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public void Cookies_and_credentials_are_never_indexed()
    {
        var buffer = new byte[256];
        var writer = new FieldBlockWriter(new HpackEncoder(), buffer);
        writer.Field("Authorization"u8, "x"u8);
        Assert.Equal(0x10, buffer[0] & 0xF0);
    }

    private static string Read(HpackTable table, ReadOnlySpan<byte> block)
    {
        var fields = new List<string>();
        var reader = new FieldBlockReader(table, block, new byte[32 << 10]);
        while (reader.Next())
        {
            fields.Add($"{Encoding.Latin1.GetString(reader.Name)}: {Encoding.Latin1.GetString(reader.Value)}");
        }

        return reader.IsBroken ? "broken" : string.Join('|', fields);
    }
}
