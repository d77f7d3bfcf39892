using Kn.Linux.Nftables.Expressions;

namespace Kn.Linux.Nftables;

/// <summary>Something the kernel knows about the packet.</summary>
internal sealed record MetaField(MetaKey Key) : Field(MetaKeys.TypeOf(Key))
{
    private const byte UDATA_META_KEY = 0;

    public override string Text => MetaKeys.Text(Key);

    internal override uint TypeofKind => TypeofKinds.Meta;

    internal override void WriteTypeof(ref UserDataWriter writer) => writer.PutUInt32(UDATA_META_KEY, (uint)Key);

    internal override void Load(RuleCompiler compiler, NftRegister destination, int scratchWord) =>
        compiler.Add(new MetaLoad(Key, destination));
}
