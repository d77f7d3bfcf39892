using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables;

/// <summary>One expression of the kernel's rule machine. Modules write vocabulary; this is what it compiles to.</summary>
/// <remarks>NFTA_EXPR_NAME and NFTA_EXPR_DATA, uapi/linux/netfilter/nf_tables.h. An expression may stand among vocabulary terms
/// as it is.</remarks>
public abstract record NftExpression : RuleTerm
{
    /// <summary>The name under which the kernel knows the expression.</summary>
    internal abstract ReadOnlySpan<byte> KernelName { get; }

    /// <summary>Writes the attributes inside NFTA_EXPR_DATA.</summary>
    internal abstract void WriteData(ref NetlinkWriter writer);

    /// <summary>Without what the kernel counts: the expression as one would declare it.</summary>
    internal virtual NftExpression AsDeclared() => this;

    internal override void Compile(RuleCompiler compiler) => compiler.Add(this);
}
