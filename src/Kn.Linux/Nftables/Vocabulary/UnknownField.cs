namespace Kn.Linux.Nftables;

/// <summary>A field that a foreign set was declared by and that Kn cannot name; its user data is kept as it came.</summary>
internal sealed record UnknownField(NftDataType Type, uint Kind, NftValue Attributes) : Field(Type)
{
    public override string Text => $"unknown-{Kind}";

    internal override uint TypeofKind => Kind;

    internal override void WriteTypeof(ref UserDataWriter writer) => writer.PutRaw(Attributes.Bytes);

    internal override void Load(RuleCompiler compiler, NftRegister destination, int scratchWord) =>
        throw new NotSupportedException($"a field of kind {Kind} of a foreign set cannot be loaded");
}
