using Kn.Linux.Nftables.Expressions;

namespace Kn.Linux.Nftables;

/// <summary>A generated number.</summary>
internal sealed record NumberField(NumberGeneratorKind Kind, uint Modulus, uint Offset) : Field(NftDataType.Integer)
{
    private const byte UDATA_NUMGEN_TYPE = 0;
    private const byte UDATA_NUMGEN_MOD = 1;
    private const byte UDATA_NUMGEN_OFFSET = 2;

    public override string Text =>
        $"numgen {NftNames.Of(Kind)} mod {Modulus}" + (Offset == 0 ? string.Empty : $" offset {Offset}");

    internal override uint TypeofKind => TypeofKinds.Numgen;

    internal override void WriteTypeof(ref UserDataWriter writer)
    {
        writer.PutUInt32(UDATA_NUMGEN_TYPE, (uint)Kind);
        writer.PutUInt32(UDATA_NUMGEN_MOD, Modulus);
        writer.PutUInt32(UDATA_NUMGEN_OFFSET, Offset);
    }

    internal override void Load(RuleCompiler compiler, NftRegister destination, int scratchWord) =>
        compiler.Add(new NumberGenerator(Kind, Modulus, Offset, destination));
}
