using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Collects the expressions of a rule. Each term has all registers to itself: a register carries nothing
/// from one term to the next, so the allocator is a position that starts at 0 again.</summary>
internal sealed class RuleCompiler
{
    private readonly List<NftExpression> _expressions = [];

    internal void Add(NftExpression expression) => _expressions.Add(expression);

    internal ValueList<NftExpression> Finish() => _expressions.ToValueList();

    /// <summary>Loads fields one behind another, each on a whole number of words, and returns the word behind the last.</summary>
    /// <exception cref="ArgumentException">There are not that many registers.</exception>
    internal int Load(ReadOnlySpan<Field> fields, int firstWord = 0)
    {
        var end = firstWord;
        foreach (var field in fields)
        {
            end += field.Type.Words;
        }

        Require(end);
        var word = firstWord;
        foreach (var field in fields)
        {
            // A hash needs its input somewhere: behind everything that this term loads.
            field.Load(this, NftRegister.At(word), NextFull(end));
            word += field.Type.Words;
        }

        return end;
    }

    /// <summary>The first word of the next 16-byte register, where nft, too, would put a second value; or the word itself where none is left.</summary>
    internal static int NextFull(int word) => ((word + 3) & ~3) < NftRegister.Words ? (word + 3) & ~3 : word;

    internal static void Require(int words)
    {
        if (words > NftRegister.Words)
        {
            throw new ArgumentException($"a term needs {words} registers of 4 bytes, there are {NftRegister.Words}");
        }
    }
}
