using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>A rule: expressions that run in order until one of them does not match.</summary>
public sealed record NftRule(ValueList<NftExpression> Expressions)
{
    /// <summary>The comment in the rule's user data.</summary>
    public string? Comment { get; init; }

    /// <summary>The kernel's number of this rule, 0 where it was not read from the kernel.</summary>
    public ulong Handle { get; init; }

    /// <summary>Attributes of the kernel that this type has no property for.</summary>
    public ValueList<UnknownAttribute> Unknown { get; init; }

    /// <summary>Compiles vocabulary (<see cref="Match"/>, <see cref="Statement"/>, <see cref="Verdict"/>) to a rule.</summary>
    /// <exception cref="ArgumentException">A term needs more than the 16 registers of 4 bytes, or field and value types differ.</exception>
    public static NftRule Of(params ReadOnlySpan<RuleTerm> terms)
    {
        var compiler = new RuleCompiler();
        foreach (var term in terms)
        {
            term.Compile(compiler);
        }

        return new NftRule(compiler.Finish());
    }

    /// <summary>This rule with a comment (at most 127 bytes of UTF-8, nft's limit).</summary>
    public NftRule WithComment(string comment) => this with { Comment = comment };

    /// <summary>The expressions as <c>nft --debug=netlink</c> prints them.</summary>
    public override string ToString() => string.Join(' ', (IEnumerable<NftExpression>)Expressions);

    internal NftRule AsDeclared() => this with
    {
        Handle = 0,
        Unknown = default,
        Expressions = Expressions.Select(static expression => expression.AsDeclared()).ToValueList(),
    };
}
