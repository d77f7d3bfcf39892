using System.Globalization;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>One of the 16 registers of 4 bytes, or the register of the verdict.</summary>
/// <remarks>The kernel numbers the same storage twice: 1 to 4 are 16 bytes each, 8 to 23 are their words. It answers with
/// the first number where a word starts a 16-byte register, so this type holds the word and writes what the kernel would.
/// enum nft_registers, uapi/linux/netfilter/nf_tables.h.</remarks>
public readonly record struct NftRegister
{
    private const uint NFT_REG_1 = 1;
    private const uint NFT_REG_4 = 4;
    private const uint NFT_REG32_00 = 8;
    private const uint NFT_REG32_15 = 23;

    // Word plus one, so that the default value is the verdict register, number 0.
    private readonly byte _wordPlusOne;

    private NftRegister(int word) => _wordPlusOne = (byte)(word + 1);

    /// <summary>How many 4-byte registers exist.</summary>
    public const int Words = 16;

    /// <summary>Where a verdict goes.</summary>
    public static NftRegister Verdict => default;

    /// <summary>True for the register of the verdict.</summary>
    public bool IsVerdict => _wordPlusOne == 0;

    /// <summary>0 to 15.</summary>
    /// <exception cref="InvalidOperationException">This is the verdict register.</exception>
    public int Word => IsVerdict ? throw new InvalidOperationException("the verdict register has no word") : _wordPlusOne - 1;

    /// <summary>The number that netlink and nft use.</summary>
    public uint Number => IsVerdict ? 0 : (Word % 4 == 0 ? NFT_REG_1 + ((uint)Word / 4) : NFT_REG32_00 + (uint)Word);

    /// <summary>The register that starts at a word.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not 0 to 15.</exception>
    public static NftRegister At(int word)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(word);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(word, Words);
        return new NftRegister(word);
    }

    /// <summary>The register of a netlink number.</summary>
    /// <exception cref="WireFormatException">The kernel has no such register.</exception>
    public static NftRegister FromNumber(uint number) => number switch
    {
        0 => Verdict,
        <= NFT_REG_4 => new NftRegister((int)(number - NFT_REG_1) * 4),
        >= NFT_REG32_00 and <= NFT_REG32_15 => new NftRegister((int)(number - NFT_REG32_00)),
        _ => throw new WireFormatException($"nftables has no register {number}"),
    };

    /// <summary>The number, as nft prints it after <c>reg</c>.</summary>
    public override string ToString() => Number.ToString(CultureInfo.InvariantCulture);
}
