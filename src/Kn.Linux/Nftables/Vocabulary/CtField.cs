using Kn.Linux.Nftables.Expressions;

namespace Kn.Linux.Nftables;

/// <summary>Something the kernel knows about the connection.</summary>
internal sealed record CtField(CtKey Key, ConnectionDirection? Direction) : Field(CtKeys.TypeOf(Key))
{
    private const byte UDATA_CT_KEY = 0;
    private const byte UDATA_CT_DIR = 1;
    private const uint NoDirection = uint.MaxValue;

    public override string Text => Direction is { } direction ? $"ct {NftNames.Of(direction)} {CtKeys.Text(Key)}" : $"ct {CtKeys.Text(Key)}";

    internal override uint TypeofKind => TypeofKinds.Ct;

    internal override void WriteTypeof(ref UserDataWriter writer)
    {
        writer.PutUInt32(UDATA_CT_KEY, (uint)Key);
        writer.PutUInt32(UDATA_CT_DIR, Direction is { } direction ? (uint)direction : NoDirection);
    }

    internal override void Load(RuleCompiler compiler, NftRegister destination, int scratchWord) =>
        compiler.Add(new CtLoad(Key, Direction, destination));
}
