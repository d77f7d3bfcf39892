using System.Text;

namespace Kn.Ingress.Patterns;

/// <summary>A regular expression that is matched in time linear in the text, whatever the pattern: threads of an automaton in step (Thompson, Pike),
/// with captures, leftmost and by Perl's priorities. Immutable and for all threads.</summary>
internal sealed class Pattern : IEquatable<Pattern>
{
    private readonly PatternStep[] _steps;
    private readonly ByteSet[] _sets;
    private readonly byte[] _literal;
    private readonly bool _ignoresCase;

    private Pattern(string text, PatternStep[] steps, ByteSet[] sets, int captures, byte[] literal, bool ignoresCase)
    {
        Text = text;
        _steps = steps;
        _sets = sets;
        Captures = captures;
        _literal = literal;
        _ignoresCase = ignoresCase;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>How many parts are remembered, the whole match not counted.</summary>
    public int Captures { get; }

    /// <summary>How many places <see cref="IsMatch"/> writes: two for the match and for each capture.</summary>
    public int Places => (Captures + 1) * 2;

    internal ReadOnlySpan<PatternStep> Steps => _steps;

    /// <summary>A pattern for the beginning of a text, as the paths of ingress-nginx are.</summary>
    /// <exception cref="PatternException">It is none.</exception>
    public static Pattern ForStart(string text, bool ignoresCase) => Make(text, ignoresCase, isSearch: false);

    /// <summary>A pattern for any place in a text.</summary>
    /// <exception cref="PatternException">It is none.</exception>
    public static Pattern ForAnywhere(string text) => Make(text, ignoresCase: false, isSearch: true);

    /// <summary>Whether the text matches.</summary>
    /// <param name="text">The text.</param>
    /// <param name="scratch">Room for the work, of one thread.</param>
    /// <param name="places">Gets start and end of the match and of each capture; -1 for a capture that has no part in it.</param>
    public bool IsMatch(ReadOnlySpan<byte> text, PatternScratch scratch, Span<int> places)
    {
        if (_literal.Length > 0 && !(text.Length >= _literal.Length && (_ignoresCase ? Ascii.EqualsIgnoreCase(text[.._literal.Length], _literal) : text.StartsWith(_literal))))
        {
            return false;
        }

        return new PatternRun(_steps, _sets, text, scratch, Places).TryMatch(places);
    }

    /// <inheritdoc/>
    public bool Equals(Pattern? other) => other is not null && Text == other.Text && _ignoresCase == other._ignoresCase && _steps.Length == other._steps.Length;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Pattern);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static Pattern Make(string text, bool ignoresCase, bool isSearch)
    {
        var (root, captures) = PatternParser.Parse(text, ignoresCase);
        var (steps, sets) = PatternProgram.Make(text, root, isSearch);
        return new Pattern(text, steps, sets, captures, isSearch ? [] : LiteralOf(root), ignoresCase);
    }

    /// <summary>The bytes that every match begins with.</summary>
    private static byte[] LiteralOf(PatternNode root)
    {
        var literal = new List<byte>();
        foreach (var part in root is PatternNode.Sequence sequence ? sequence.Parts : [root])
        {
            if (part is PatternNode.Edge { IsStart: true } && literal.Count == 0)
            {
                continue;
            }

            if (part is not PatternNode.One one || LetterOf(one.Set) is not { } letter)
            {
                break;
            }

            literal.Add(letter);
        }

        return [.. literal];
    }

    private static byte? LetterOf(ByteSet set)
    {
        if (set.Single is { } single)
        {
            return char.IsAscii((char)single) ? single : null;
        }

        for (var letter = 'a'; letter <= 'z'; letter++)
        {
            if (set == ByteSet.Of(letter).WithBothCases())
            {
                return (byte)letter;
            }
        }

        return null;
    }
}
