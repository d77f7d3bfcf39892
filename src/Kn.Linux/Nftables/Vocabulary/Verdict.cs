namespace Kn.Linux.Nftables;

/// <summary>The verdicts, for the end of a rule and for elements of verdict maps.</summary>
public static class Verdict
{
    /// <summary>This base chain is done with the packet; later ones still see it.</summary>
    public static NftVerdict Accept { get; } = new(NftVerdictKind.Accept);

    /// <summary>The packet is gone.</summary>
    public static NftVerdict Drop { get; } = new(NftVerdictKind.Drop);

    /// <summary>Back to the chain that jumped here, or to the policy.</summary>
    public static NftVerdict Return { get; } = new(NftVerdictKind.Return);

    /// <summary>On to the next rule.</summary>
    public static NftVerdict Continue { get; } = new(NftVerdictKind.Continue);

    /// <summary>To another chain, and back to the next rule at its end.</summary>
    public static NftVerdict Jump(string chain) => new(NftVerdictKind.Jump, chain);

    /// <summary>To another chain; its end is the end of this one.</summary>
    public static NftVerdict Goto(string chain) => new(NftVerdictKind.Goto, chain);
}
