using Kn.Linux.Nftables.Expressions;

namespace Kn.Linux.Nftables;

/// <summary>A number that the kernel holds in host order, turned to network order for a look-up in an interval set.</summary>
/// <remarks>A listing does not show the conversion: nft makes it wherever the set has intervals.</remarks>
internal sealed record NetworkOrderField(Field Inner) : Field(Inner.Type)
{
    public override string Text => Inner.Text;

    internal override uint TypeofKind => Inner.TypeofKind;

    internal override void WriteTypeof(ref UserDataWriter writer) => Inner.WriteTypeof(ref writer);

    internal override void Load(RuleCompiler compiler, NftRegister destination, int scratchWord)
    {
        Inner.Load(compiler, destination, scratchWord);
        compiler.Add(new ByteOrder(destination, destination, ToNetwork: true, sizeof(uint), sizeof(uint)));
    }
}
