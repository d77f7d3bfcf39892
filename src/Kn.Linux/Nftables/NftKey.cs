using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>What a set's key or a map's data is made of: one field, or a concatenation of up to five.</summary>
public sealed record NftKey
{
    private const int BitsPerType = 6;
    private const int MaxFields = 32 / BitsPerType;

    /// <summary>A key of these fields.</summary>
    /// <exception cref="ArgumentException">None, more than five (the type numbers would not fit 32 bits), or more than 64 bytes.</exception>
    public NftKey(ValueList<NftKeyField> fields)
    {
        if (fields.Count is 0 or > MaxFields)
        {
            throw new ArgumentException($"a key has 1 to {MaxFields} fields, not {fields.Count}", nameof(fields));
        }

        Fields = fields;
        if (LengthBytes > NftValueWriter.MaxBytes)
        {
            throw new ArgumentException($"a key has at most {NftValueWriter.MaxBytes} bytes, not {LengthBytes}", nameof(fields));
        }
    }

    /// <summary>The fields, first to last.</summary>
    public ValueList<NftKeyField> Fields { get; }

    /// <summary>True for more than one field.</summary>
    public bool IsConcatenation => Fields.Count > 1;

    /// <summary>How many bytes a key has: exactly the field's for one field, each padded to 4 for a concatenation.</summary>
    public int LengthBytes
    {
        get
        {
            if (Fields.Count == 1)
            {
                return Fields[0].Type.LengthBytes;
            }

            var words = 0;
            foreach (var field in Fields)
            {
                words += field.Type.Words;
            }

            return words * 4;
        }
    }

    /// <summary>The number of the type: 6 bits a field.</summary>
    public uint TypeId
    {
        get
        {
            uint id = 0;
            foreach (var field in Fields)
            {
                id = (id << BitsPerType) | field.Type.Id;
            }

            return id;
        }
    }

    /// <summary>True where every field says what it is taken from, so that nft lists <c>typeof</c>.</summary>
    public bool HasTypeof => !Fields.AsSpan().ContainsAnyWithoutSource();

    /// <summary>The byte order of a single field; unknown for a concatenation.</summary>
    public NftByteOrder Order => IsConcatenation ? NftByteOrder.Unknown : Fields[0].Type.Order;

    /// <summary>Declared by what the fields are taken from: <c>typeof ip daddr . meta l4proto</c>.</summary>
    public static NftKey Typeof(params ReadOnlySpan<Field> sources)
    {
        var fields = new NftKeyField[sources.Length];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = new NftKeyField(sources[i].Type, sources[i]);
        }

        return new NftKey(ValueList.Create<NftKeyField>(fields));
    }

    /// <summary>Declared by type: <c>type ipv4_addr . inet_service</c>.</summary>
    public static NftKey Type(params ReadOnlySpan<NftDataType> types)
    {
        var fields = new NftKeyField[types.Length];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = new NftKeyField(types[i], null);
        }

        return new NftKey(ValueList.Create<NftKeyField>(fields));
    }

    /// <summary>What stands behind <c>typeof</c> or <c>type</c> in a listing.</summary>
    public override string ToString() => string.Join(" . ", Fields.Select(field => HasTypeof ? field.Source!.Text : field.Type.Name));
}

/// <summary>One field of a key.</summary>
/// <param name="Type">What its values are.</param>
/// <param name="Source">What it is taken from, where the declaration says so.</param>
public sealed record NftKeyField(NftDataType Type, Field? Source);

file static class KeyFieldSpans
{
    internal static bool ContainsAnyWithoutSource(this ReadOnlySpan<NftKeyField> fields)
    {
        foreach (var field in fields)
        {
            if (field.Source is null)
            {
                return true;
            }
        }

        return false;
    }
}
