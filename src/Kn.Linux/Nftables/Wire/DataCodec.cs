using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Register values and verdicts in netlink.</summary>
/// <remarks>NFTA_DATA_* and NFTA_VERDICT_*, uapi/linux/netfilter/nf_tables.h:
/// <code>
/// data:    value: bytes | verdict: nest { code i32 big-endian, chain: string for jump and goto }
/// </code></remarks>
internal static class DataCodec
{
    private const ushort NFTA_DATA_VALUE = 1;
    private const ushort NFTA_DATA_VERDICT = 2;
    private const ushort NFTA_VERDICT_CODE = 1;
    private const ushort NFTA_VERDICT_CHAIN = 2;

    internal static void Write(ref NetlinkWriter writer, ushort type, scoped ReadOnlySpan<byte> value)
    {
        var nest = writer.BeginNest(type);
        writer.PutBytes(NFTA_DATA_VALUE, value);
        writer.EndNest(nest);
    }

    internal static void Write(ref NetlinkWriter writer, ushort type, NftVerdict verdict)
    {
        var nest = writer.BeginNest(type);
        var inner = writer.BeginNest(NFTA_DATA_VERDICT);
        writer.PutUInt32BigEndian(NFTA_VERDICT_CODE, unchecked((uint)verdict.Kind));
        if (verdict.Chain is { } chain)
        {
            writer.PutString(NFTA_VERDICT_CHAIN, chain);
        }

        writer.EndNest(inner);
        writer.EndNest(nest);
    }

    internal static void WriteRegister(ref NetlinkWriter writer, ushort type, NftRegister? register)
    {
        if (register is { } some)
        {
            writer.PutUInt32BigEndian(type, some.Number);
        }
    }

    /// <summary>Exactly one of value and verdict.</summary>
    internal static (NftValue Value, NftVerdict? Verdict) Read(ReadOnlySpan<byte> nest)
    {
        var reader = new AttributeReader(nest);
        if (!reader.MoveNext())
        {
            throw new WireFormatException("nftables data: empty");
        }

        var result = reader.Type switch
        {
            NFTA_DATA_VALUE when reader.Value.Length is > 0 and <= NftValueWriter.MaxBytes => (NftValue.Of(reader.Value), null),
            NFTA_DATA_VERDICT => (default(NftValue), (NftVerdict?)ReadVerdict(reader.Value)),
            _ => throw new WireFormatException($"nftables data: attribute {reader.Type} of {reader.Value.Length} bytes"),
        };
        return reader.MoveNext() ? throw new WireFormatException($"nftables data: attribute {reader.Type} behind the value") : result;
    }

    /// <summary>A value where a verdict cannot be.</summary>
    internal static NftValue ReadValue(ReadOnlySpan<byte> nest)
    {
        var (value, verdict) = Read(nest);
        return verdict is null ? value : throw new WireFormatException("nftables element: its key is a verdict");
    }

    private static NftVerdict ReadVerdict(ReadOnlySpan<byte> nest)
    {
        var reader = new AttributeReader(nest);
        int? code = null;
        string? chain = null;
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case NFTA_VERDICT_CODE:
                    code = unchecked((int)reader.ReadUInt32BigEndian());
                    break;
                case NFTA_VERDICT_CHAIN:
                    chain = reader.ReadString();
                    break;
                default:
                    throw new WireFormatException($"nftables verdict: unknown attribute {reader.Type}");
            }
        }

        return new NftVerdict((NftVerdictKind)(code ?? throw new WireFormatException("nftables verdict: no code")), chain);
    }
}
