namespace Kn.Linux.Nftables;

/// <summary>What becomes of a packet: the end of a rule, or the data of a verdict map's element.</summary>
/// <param name="Kind">The verdict.</param>
/// <param name="Chain">The chain of a jump or goto, null for others.</param>
public sealed record NftVerdict(NftVerdictKind Kind, string? Chain = null) : RuleTerm
{
    /// <summary>As nft writes it: <c>goto refuse</c>.</summary>
    public override string ToString() => Chain is null ? NftNames.Of(Kind) : $"{NftNames.Of(Kind)} {Chain}";

    internal override void Compile(RuleCompiler compiler) => compiler.Add(new Expressions.ImmediateVerdict(this));
}

/// <summary>The codes of verdicts.</summary>
/// <remarks>enum nft_verdicts, uapi/linux/netfilter/nf_tables.h, and NF_* of uapi/linux/netfilter.h.</remarks>
public enum NftVerdictKind
{
    /// <summary>NF_DROP.</summary>
    Drop = 0,

    /// <summary>NF_ACCEPT: this base chain is done, later ones still see the packet.</summary>
    Accept = 1,

    /// <summary>NF_STOLEN.</summary>
    Stolen = 2,

    /// <summary>NF_QUEUE: to user space.</summary>
    Queue = 3,

    /// <summary>On to the next expression.</summary>
    Continue = -1,

    /// <summary>On to the next rule.</summary>
    Break = -2,

    /// <summary>To another chain, and back at its end.</summary>
    Jump = -3,

    /// <summary>To another chain, without coming back.</summary>
    Goto = -4,

    /// <summary>Back to the caller, or the policy in a base chain.</summary>
    Return = -5,
}
