namespace Kn.Linux.Nftables;

/// <summary>A piece of a rule in nft's own words: a match, a statement or a verdict.</summary>
public abstract record RuleTerm
{
    private protected RuleTerm()
    {
    }

    /// <summary>Appends the expressions of this term; registers hold nothing from the terms before.</summary>
    internal abstract void Compile(RuleCompiler compiler);
}
