using Kn.Linux.Nftables.Expressions;

namespace Kn.Linux.Nftables;

/// <summary>The answer of a look-up in the routing table.</summary>
internal sealed record FibField(FibResult Result, FibFlags Flags) : Field(TypeOf(Result))
{
    private const byte UDATA_FIB_RESULT = 0;
    private const byte UDATA_FIB_FLAGS = 1;

    public override string Text => $"fib {NftNames.Of(Flags)} {NftNames.Of(Result)}";

    internal override uint TypeofKind => TypeofKinds.Fib;

    internal override void WriteTypeof(ref UserDataWriter writer)
    {
        writer.PutUInt32(UDATA_FIB_RESULT, (uint)Result);
        writer.PutUInt32(UDATA_FIB_FLAGS, (uint)Flags);
    }

    internal override void Load(RuleCompiler compiler, NftRegister destination, int scratchWord) =>
        compiler.Add(new FibLoad(Result, Flags, destination));

    private static NftDataType TypeOf(FibResult result) => result switch
    {
        FibResult.OutputInterface => NftDataType.InterfaceIndex,
        FibResult.OutputInterfaceName => NftDataType.InterfaceName,
        _ => NftDataType.FibAddressType,
    };
}
