using Kn.Linux.Nftables.Expressions;

namespace Kn.Linux.Nftables;

/// <summary>User data of sets: comment, byte orders, and what the fields are taken from (<c>typeof</c>), as nft writes and reads them.</summary>
/// <remarks>enum nftnl_udata_set_types of libnftnl. Layout of a typeof: { kind u32, attributes }, for a concatenation
/// { 13, { 0: {kind, attributes}, 1: {kind, attributes}, … } }.</remarks>
internal static class SetUserDataCodec
{
    private const byte KEYBYTEORDER = 0;
    private const byte DATABYTEORDER = 1;
    private const byte KEY_TYPEOF = 3;
    private const byte DATA_TYPEOF = 4;
    private const byte DATA_INTERVAL = 6;
    private const byte COMMENT = 7;
    private const byte TYPEOF_EXPR = 0;
    private const byte TYPEOF_DATA = 1;

    internal static void Write(ref UserDataWriter writer, NftSet set)
    {
        writer.PutUInt32(KEYBYTEORDER, (uint)set.Key.Order);
        var map = set as NftMap;
        if (map is not null)
        {
            writer.PutUInt32(DATABYTEORDER, (uint)(map.Data?.Order ?? NftByteOrder.Unknown));
        }

        // nft believes a typeof only where key and data both have one.
        var hasTypeof = set.Key.HasTypeof && (map?.Data?.HasTypeof ?? true);
        if (hasTypeof)
        {
            WriteTypeof(ref writer, KEY_TYPEOF, set.Key);
        }

        if (map is not null)
        {
            if (hasTypeof)
            {
                WriteTypeof(ref writer, DATA_TYPEOF, map.Data);
            }

            writer.PutUInt32(DATA_INTERVAL, 0);
        }

        if (set.Comment is { } comment)
        {
            writer.PutString(COMMENT, comment);
        }
    }

    /// <summary>What the user data says; sources are null where it says nothing that can be understood.</summary>
    internal static Contents Read(ReadOnlySpan<byte> data)
    {
        var contents = new Contents();
        var reader = new UserDataReader(data);
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case COMMENT:
                    contents.Comment = reader.ReadString();
                    break;
                case KEY_TYPEOF:
                    contents.Key = ReadTypeof(reader.Value);
                    break;
                case DATA_TYPEOF:
                    contents.Data = ReadTypeof(reader.Value);
                    break;
                case KEYBYTEORDER or DATABYTEORDER:
                    break;
                case DATA_INTERVAL when reader.ReadUInt32() == 0:
                    break;
                default:
                    contents.HasForeign = true;
                    break;
            }
        }

        contents.HasForeign |= reader.IsMalformed;
        return contents;
    }

    private static void WriteTypeof(ref UserDataWriter writer, byte type, NftKey? key)
    {
        var nest = writer.BeginNest(type);
        writer.PutUInt32(TYPEOF_EXPR, key is null ? TypeofKinds.Verdict : key.IsConcatenation ? TypeofKinds.Concat : key.Fields[0].Source!.TypeofKind);
        var attributes = writer.BeginNest(TYPEOF_DATA);
        if (key is { IsConcatenation: true })
        {
            for (var i = 0; i < key.Fields.Count; i++)
            {
                WriteConcatenated(ref writer, (byte)i, key.Fields[i].Source!);
            }
        }
        else
        {
            key?.Fields[0].Source!.WriteTypeof(ref writer);
        }

        writer.EndNest(attributes);
        writer.EndNest(nest);
    }

    private static void WriteConcatenated(ref UserDataWriter writer, byte index, Field field)
    {
        var nest = writer.BeginNest(index);
        writer.PutUInt32(TYPEOF_EXPR, field.TypeofKind);
        var attributes = writer.BeginNest(TYPEOF_DATA);
        field.WriteTypeof(ref writer);
        writer.EndNest(attributes);
        writer.EndNest(nest);
    }

    private static List<FieldSource>? ReadTypeof(ReadOnlySpan<byte> data)
    {
        var whole = ReadSource(data);
        if (whole is null || whole.Kind != TypeofKinds.Concat)
        {
            return whole is null ? null : [whole];
        }

        var sources = new List<FieldSource>();
        var reader = new UserDataReader(whole.Attributes.Bytes);
        while (reader.MoveNext())
        {
            if (ReadSource(reader.Value) is not { } source)
            {
                return null;
            }

            sources.Add(source);
        }

        return sources;
    }

    private static FieldSource? ReadSource(ReadOnlySpan<byte> data)
    {
        uint? kind = null;
        NftValue attributes = default;
        var reader = new UserDataReader(data);
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case TYPEOF_EXPR:
                    kind = reader.ReadUInt32();
                    break;
                case TYPEOF_DATA:
                    attributes = NftValue.Of(reader.Value);
                    break;
                default:
                    return null;
            }
        }

        return kind is { } number ? new FieldSource(number, attributes) : null;
    }

    /// <summary>What user data of a set said.</summary>
    internal sealed class Contents
    {
        internal string? Comment { get; set; }

        internal List<FieldSource>? Key { get; set; }

        internal List<FieldSource>? Data { get; set; }

        internal bool HasForeign { get; set; }
    }
}

/// <summary>What a field is taken from, not yet understood.</summary>
internal sealed record FieldSource(uint Kind, NftValue Attributes)
{
    /// <summary>The field; an <see cref="UnknownField"/> of that type where Kn cannot name it.</summary>
    internal Field ToField(NftDataType type)
    {
        var known = Kind switch
        {
            TypeofKinds.Payload => Payload(Number(0), Number(1)),
            TypeofKinds.Meta when Number(0) is { } key => new MetaField((MetaKey)key),
            TypeofKinds.Ct when Number(0) is { } key => new CtField((CtKey)key, Number(1) is { } direction and <= 1 ? (ConnectionDirection)direction : null),
            TypeofKinds.Fib when Number(0) is { } result && Number(1) is { } flags => new FibField((FibResult)result, (FibFlags)flags),
            TypeofKinds.Numgen when Number(0) is { } kind && Number(1) is { } modulus && Number(2) is { } offset
                => new NumberField((NumberGeneratorKind)kind, modulus, offset),
            _ => (Field?)null,
        };
        return known is not null && known.Type == type && Same(known) ? known : new UnknownField(type, Kind, Attributes);
    }

    /// <summary>The type that the source itself tells, for numbers whose length the type number does not tell.</summary>
    internal NftDataType? TypeHint() => Kind == TypeofKinds.Numgen ? NftDataType.Integer : null;

    private static Field? Payload(uint? protocol, uint? field)
    {
        foreach (var known in Field.Payloads)
        {
            if (known is PayloadField payload && (uint)payload.Protocol == protocol && payload.FieldNumber == field)
            {
                return known;
            }
        }

        return null;
    }

    // A field that would be written otherwise than it came is not the same field.
    private bool Same(Field field)
    {
        var writer = new UserDataWriter(stackalloc byte[UserDataWriter.MaxBytes]);
        field.WriteTypeof(ref writer);
        return writer.Written.SequenceEqual(Attributes.Bytes);
    }

    private uint? Number(byte type)
    {
        var reader = new UserDataReader(Attributes.Bytes);
        while (reader.MoveNext())
        {
            if (reader.Type == type)
            {
                return reader.ReadUInt32();
            }
        }

        return null;
    }
}
