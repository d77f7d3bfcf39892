using System.Text;
using Kn.Linux.Netlink;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Tests.Nftables;

public sealed class ExpressionTests
{
    private const int NFTA_EXPR_NAME = 1;
    private const int NFTA_EXPR_DATA = 2;
    private const int AttributeHeader = 4;

    public static TheoryData<ExpressionCase> Rows => [.. ExpressionCases.All];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Encoding_MatchesNft_AndRoundTrips(ExpressionCase row)
    {
        var bytes = Encode(row.Expression);

        Assert.Equal(row.Hex, Convert.ToHexStringLower(DataOf(bytes)));
        Assert.Equal(row.Text, row.Expression.ToString());
        Assert.Equal(row.Expression, ExpressionCodec.Read(bytes));
    }

    [Fact]
    public void Table_HasARowForEveryExpression()
    {
        var types = typeof(NftExpression).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(NftExpression)) && !type.IsAbstract);

        Assert.Equal([], types.Except(ExpressionCases.All.Select(row => row.Expression.GetType())).Select(type => type.Name));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void TruncatedAtEveryLength_IsAFormatErrorOrAnExpression(ExpressionCase row)
    {
        var bytes = Encode(row.Expression);
        for (var length = 0; length < bytes.Length; length++)
        {
            OnlyFormatErrors(bytes.AsSpan(0, length));
            var shorter = Rewrap(row.Expression, DataOf(bytes)[..Math.Min(length, DataOf(bytes).Length)]);
            OnlyFormatErrors(shorter);
        }
    }

    [Fact]
    public void RandomBytes_AreFormatErrorsOrExpressions()
    {
        var random = new Random(20260101);
        for (var round = 0; round < 20_000; round++)
        {
            var row = ExpressionCases.All[random.Next(ExpressionCases.All.Count)];
            var bytes = Encode(row.Expression).ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            OnlyFormatErrors(bytes);
        }
    }

    [Fact]
    public void KernelAnswer_WithImpliedNatFlagsAndRanges_IsTheSameExpression()
    {
        // As dumped by the kernel: addr_max = addr_min, proto_max = proto_min, flags MAP_IPS | PROTO_SPECIFIED.
        var data = Convert.FromHexString("0800010000000001080002000000000208000300000000010800040000000001080005000000000908000600000000090800070000000003");
        var nat = new Nat(NatKind.Destination, NftFamily.Ip) { Address = NftRegister.At(0), Port = NftRegister.At(1) };

        Assert.Equal(nat, ExpressionCodec.Read(Rewrap(nat, data)));
    }

    [Fact]
    public void UnknownAttribute_MakesTheExpressionUnknown_WithAllItsBytes()
    {
        var data = Convert.FromHexString("08000200000000030800010000000001" + "08000e0000000001");
        var meta = new MetaLoad(MetaKey.Mark, NftRegister.At(0));

        var read = ExpressionCodec.Read(Rewrap(meta, data));

        Assert.Equal(new UnknownExpression("meta", NftValue.Of(data)), read);
        Assert.Equal(data, DataOf(Encode(read)).ToArray());
    }

    private static void OnlyFormatErrors(ReadOnlySpan<byte> bytes)
    {
        try
        {
            ExpressionCodec.Read(bytes);
        }
        catch (WireFormatException)
        {
            // The one error that malformed bytes may cause.
        }
    }

    /// <summary>The content of the list element: name and data.</summary>
    private static byte[] Encode(NftExpression expression)
    {
        var writer = new NetlinkWriter(new byte[1024]);
        ExpressionCodec.Write(ref writer, 1, expression);
        return writer.Written[AttributeHeader..].ToArray();
    }

    private static byte[] Rewrap(NftExpression expression, ReadOnlySpan<byte> data)
    {
        var writer = new NetlinkWriter(new byte[2048]);
        writer.PutString(NFTA_EXPR_NAME, Encoding.UTF8.GetString(expression.KernelName));
        writer.PutBytes(NFTA_EXPR_DATA, data);
        return writer.Written.ToArray();
    }

    private static ReadOnlySpan<byte> DataOf(byte[] encoded)
    {
        var reader = new AttributeReader(encoded);
        while (reader.MoveNext())
        {
            if (reader.Type == NFTA_EXPR_DATA)
            {
                return reader.Value;
            }
        }

        return default;
    }
}
