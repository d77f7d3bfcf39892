using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>A hash of other fields.</summary>
internal sealed record HashField(ValueList<Field> Sources, uint Modulus, uint Seed, uint Offset) : Field(NftDataType.Integer)
{
    public override string Text =>
        $"jhash {string.Join(" . ", Sources.Select(static source => source.Text))} mod {Modulus} seed 0x{Seed:x}"
        + (Offset == 0 ? string.Empty : $" offset {Offset}");

    internal override uint TypeofKind => throw new InvalidOperationException("nft 1.0.6 ends with a segmentation fault when it lists a set declared by a hash");

    internal override void WriteTypeof(ref UserDataWriter writer) => _ = TypeofKind;

    internal override void Load(RuleCompiler compiler, NftRegister destination, int scratchWord)
    {
        var end = compiler.Load(Sources.AsSpan(), scratchWord);
        var lengthBytes = Sources.Count == 1 ? Sources[0].Type.LengthBytes : (end - scratchWord) * 4;
        compiler.Add(new JenkinsHash(NftRegister.At(scratchWord), (uint)lengthBytes, Modulus, Seed, Offset, destination));
    }
}
