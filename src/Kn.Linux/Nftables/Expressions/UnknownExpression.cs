using System.Text;
using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>An expression that Kn cannot name, or that carries an attribute Kn does not know; kept as it came.</summary>
/// <param name="Name">The kernel's name.</param>
/// <param name="Attributes">The bytes of NFTA_EXPR_DATA.</param>
public sealed record UnknownExpression(string Name, NftValue Attributes) : NftExpression
{
    internal override ReadOnlySpan<byte> KernelName => Encoding.UTF8.GetBytes(Name);

    internal override void WriteData(ref NetlinkWriter writer) => Attributes.Bytes.CopyTo(writer.Append(Attributes.Length));

    /// <inheritdoc/>
    public override string ToString() => $"[ {Name} unknown {Attributes} ]";
}
