namespace Kn.Linux.Nftables;

/// <summary>nft's numbers of expressions (enum expr_types of nft 1.0.x) in a set's user data.</summary>
internal static class TypeofKinds
{
    internal const uint Verdict = 1;
    internal const uint Payload = 7;
    internal const uint Meta = 9;
    internal const uint Ct = 12;
    internal const uint Concat = 13;
    internal const uint Numgen = 23;
    internal const uint Fib = 26;
}
