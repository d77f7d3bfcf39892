using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Asks the routing table about an address of the packet.</summary>
/// <param name="Result">What to ask for.</param>
/// <param name="Flags">About which address, and under which restrictions.</param>
/// <param name="Destination">The first register.</param>
/// <remarks>enum nft_fib_result and nft_fib_flags, uapi/linux/netfilter/nf_tables.h.</remarks>
public sealed record FibLoad(FibResult Result, FibFlags Flags, NftRegister Destination) : NftExpression
{
    private const ushort NFTA_FIB_DREG = 1;
    private const ushort NFTA_FIB_RESULT = 2;
    private const ushort NFTA_FIB_FLAGS = 3;

    internal override ReadOnlySpan<byte> KernelName => "fib"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.PutUInt32BigEndian(NFTA_FIB_FLAGS, (uint)Flags);
        writer.PutUInt32BigEndian(NFTA_FIB_RESULT, (uint)Result);
        writer.PutUInt32BigEndian(NFTA_FIB_DREG, Destination.Number);
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_FIB_DREG, NFTA_FIB_RESULT, NFTA_FIB_FLAGS)
            ? new FibLoad(
                (FibResult)attributes.UInt32(NFTA_FIB_RESULT),
                (FibFlags)attributes.UInt32(NFTA_FIB_FLAGS, 0),
                attributes.Register(NFTA_FIB_DREG))
            : null;

    /// <inheritdoc/>
    public override string ToString() =>
        $"[ fib {NftNames.Of(Flags & ~FibFlags.Present)} {NftNames.Of(Result)}{(Flags.HasFlag(FibFlags.Present) ? " present" : string.Empty)} => reg {Destination} ]";
}

/// <summary>What <see cref="FibLoad"/> asks for.</summary>
public enum FibResult : uint
{
    /// <summary>Number of the interface that leads to the address.</summary>
    OutputInterface = 1,

    /// <summary>Name of that interface.</summary>
    OutputInterfaceName = 2,

    /// <summary>What kind of address it is (<see cref="AddressKind"/>).</summary>
    AddressType = 3,
}

/// <summary>What <see cref="FibLoad"/> asks about.</summary>
[Flags]
public enum FibFlags : uint
{
    /// <summary>Nothing; the kernel refuses it.</summary>
    None = 0,

    /// <summary>The source address.</summary>
    Source = 1,

    /// <summary>The destination address.</summary>
    Destination = 2,

    /// <summary>With the packet's mark.</summary>
    Mark = 4,

    /// <summary>On the interface that the packet came by.</summary>
    InputInterface = 8,

    /// <summary>On the interface that the packet leaves by.</summary>
    OutputInterface = 16,

    /// <summary>Only whether there is a route: 1 or 0.</summary>
    Present = 32,
}
