using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>The attributes of a set while they are read; the key can only be understood when all are there.</summary>
internal sealed class SetState
{
    private const uint NFT_SET_MAP = 0x8;
    private const uint NFT_SET_CONCAT = 0x80;
    private const uint NFT_DATA_VERDICT = 0xFFFFFF00;
    private const int BitsPerType = 6;
    private const uint TypeMask = (1 << BitsPerType) - 1;

    internal string Table { get; set; } = string.Empty;

    internal string Name { get; set; } = string.Empty;

    internal uint Flags { get; set; }

    internal uint KeyType { get; set; }

    internal uint KeyLength { get; set; }

    internal uint DataType { get; set; }

    internal uint DataLength { get; set; }

    internal NftSetPolicy Policy { get; set; }

    internal uint MaxElements { get; set; }

    internal List<int>? FieldLengths { get; set; }

    internal TimeSpan Timeout { get; set; }

    internal TimeSpan GcInterval { get; set; }

    internal byte[] UserData { get; set; } = [];

    internal ulong Handle { get; set; }

    internal ValueList<NftExpression> Expressions { get; set; }

    internal List<UnknownAttribute> Unknown { get; } = [];

    internal NftSet Finish(ushort userDataAttribute)
    {
        var contents = SetUserDataCodec.Read(UserData);
        if (contents.HasForeign)
        {
            Unknown.Add(new UnknownAttribute(userDataAttribute, NftValue.Of(UserData)));
        }

        var key = MakeKey("key", KeyType, KeyLength, FieldLengths, contents.Key);
        var set = (Flags & NFT_SET_MAP) == 0
            ? new NftSet(Name, key)
            : new NftMap(Name, key, DataType == NFT_DATA_VERDICT ? null : MakeKey("data", DataType, DataLength, null, contents.Data));
        return set with
        {
            Flags = (NftSetFlags)(Flags & ~(NFT_SET_MAP | NFT_SET_CONCAT | (uint)NftSetFlags.Expressions)),
            MaxElements = MaxElements,
            Timeout = Timeout,
            GcInterval = GcInterval,
            Policy = Policy,
            Comment = contents.Comment,
            Handle = Handle,
            Expressions = Expressions,
            Unknown = Unknown.ToValueList(),
        };
    }

    private NftKey MakeKey(string part, uint typeId, uint lengthBytes, List<int>? lengths, List<FieldSource>? sources)
    {
        if (lengthBytes is 0 or > NftValueWriter.MaxBytes)
        {
            throw new WireFormatException($"nftables set {Name}: {part} of {lengthBytes} bytes");
        }

        var types = Types(typeId, (int)lengthBytes, lengths, sources);
        var fields = new NftKeyField[types.Count];
        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = new NftKeyField(types[i], sources?.Count == fields.Length ? sources[i].ToField(types[i]) : null);
        }

        return new NftKey(ValueList.Create<NftKeyField>(fields));
    }

    /// <summary>The types of the fields; where they do not add up to the length, one field of that length with the whole number as its type.</summary>
    private static List<NftDataType> Types(uint typeId, int lengthBytes, List<int>? lengths, List<FieldSource>? sources)
    {
        var ids = new List<uint>();
        for (var rest = typeId; rest != 0; rest >>= BitsPerType)
        {
            ids.Insert(0, rest & TypeMask);
        }

        if (ids.Count is > 1 and <= 32 / BitsPerType)
        {
            var types = ids.Select((id, i) => TypeOf(id, lengths?.Count == ids.Count ? lengths[i] : null, sources?.Count == ids.Count ? sources[i] : null)).ToList();
            if (types.Sum(static type => type.Words) * 4 == lengthBytes)
            {
                return types;
            }
        }

        return [NftDataType.Of(typeId, lengthBytes)];
    }

    private static NftDataType TypeOf(uint id, int? lengthBytes, FieldSource? source) =>
        lengthBytes is { } known ? NftDataType.Of(id, known) : source?.TypeHint() ?? NftDataType.Find(id) ?? NftDataType.Of(id, sizeof(uint));
}
