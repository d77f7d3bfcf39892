using System.Globalization;
using System.Text;

namespace Kn.Ingress.Patterns;

/// <summary>Reads the part of Perl's regular expressions that automata can match: no references back, and no looking around.</summary>
/// <remarks><c>. [] \d \w \s \D \W \S ^ $ ( ) (?: ) (?&lt;name&gt; ) | * + ? {m,n}</c>, lazy forms too, and <c>\</c> before a sign that is to stand for itself.</remarks>
internal sealed class PatternParser
{
    private const int MaxDepth = 20;
    private const int MaxRepeat = 64;
    private readonly string _text;
    private readonly bool _ignoresCase;
    private int _at;
    private int _depth;

    private PatternParser(string text, bool ignoresCase)
    {
        _text = text;
        _ignoresCase = ignoresCase;
    }

    /// <summary>How many captures were met.</summary>
    private int Captures { get; set; }

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="PatternException">It is none.</exception>
    public static (PatternNode Root, int Captures) Parse(string text, bool ignoresCase)
    {
        var parser = new PatternParser(text, ignoresCase);
        var root = parser.ReadChoice();
        return parser._at == text.Length ? (root, parser.Captures) : throw parser.Error("a ')' without its '('");
    }

    private PatternNode ReadChoice()
    {
        if (++_depth > MaxDepth)
        {
            throw Error($"groups in more than {MaxDepth} levels");
        }

        List<PatternNode> branches = [ReadSequence()];
        while (TryTake('|'))
        {
            branches.Add(ReadSequence());
        }

        _depth--;
        return branches.Count == 1 ? branches[0] : new PatternNode.Choice(branches);
    }

    private PatternNode ReadSequence()
    {
        List<PatternNode> parts = [];
        while (_at < _text.Length && _text[_at] is not ('|' or ')'))
        {
            ReadRepeats(ReadOne(), parts);
        }

        return parts.Count switch { 0 => new PatternNode.Empty(), 1 => parts[0], _ => new PatternNode.Sequence(parts) };
    }

    private void ReadRepeats(PatternNode[] one, List<PatternNode> parts)
    {
        // A letter above ASCII is several bytes: what repeats is all of them.
        var part = one.Length == 1 ? one[0] : new PatternNode.Sequence(one);
        if (_at == _text.Length || TryReadCount() is not var (least, most))
        {
            parts.Add(part);
            return;
        }

        if (part is PatternNode.Edge)
        {
            throw Error("an anchor cannot be repeated");
        }

        var isLazy = TryTake('?');
        if (_at < _text.Length && _text[_at] is '*' or '+')
        {
            throw Error("possessive or double repetition");
        }

        parts.Add(new PatternNode.Repeat(part, least, most, isLazy));
    }

    private (int Least, int? Most)? TryReadCount()
    {
        switch (_text[_at])
        {
            case '*':
                _at++;
                return (0, null);
            case '+':
                _at++;
                return (1, null);
            case '?':
                _at++;
                return (0, 1);
            case '{':
                return ReadBraces();
            default:
                return null;
        }
    }

    private (int Least, int? Most)? ReadBraces()
    {
        var end = _text.IndexOf('}', _at);
        var inside = end < 0 ? "" : _text[(_at + 1)..end];
        var comma = inside.IndexOf(',', StringComparison.Ordinal);
        var first = comma < 0 ? inside : inside[..comma];
        var second = comma < 0 ? inside : inside[(comma + 1)..];
        if (!TryNumber(first, out var least) || !(TryNumber(second, out var most) || (comma > 0 && second.Length == 0)))
        {
            throw Error("a '{' that begins no count such as {2,5}: write \\{");
        }

        _at = end + 1;
        var isOpen = comma > 0 && second.Length == 0;
        return least <= MaxRepeat && (isOpen || (most <= MaxRepeat && most >= least)) ? (least, isOpen ? null : most) : throw Error($"a count that is not from 0 to {MaxRepeat}");
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private PatternNode[] ReadOne()
    {
        var sign = _text[_at++];
        switch (sign)
        {
            case '.':
                return [new PatternNode.One(ByteSet.NoLineEnd)];
            case '^':
                return [new PatternNode.Edge(IsStart: true)];
            case '$':
                return [new PatternNode.Edge(IsStart: false)];
            case '(':
                return [ReadGroup()];
            case '[':
                return [new PatternNode.One(ReadClass())];
            case '\\':
                return [ReadEscape()];
            case '*' or '+' or '?' or '{':
                throw Error($"a '{sign}' that repeats nothing");
            default:
                return ReadLiteral(sign);
        }
    }

    private PatternNode[] ReadLiteral(char sign)
    {
        if (char.IsAscii(sign))
        {
            return [One(ByteSet.Of(sign))];
        }

        var letters = char.IsHighSurrogate(sign) && _at < _text.Length ? $"{sign}{_text[_at++]}" : sign.ToString();
        return [.. Encoding.UTF8.GetBytes(letters).Select(static value => new PatternNode.One(ByteSet.Of(value)))];
    }

    private PatternNode ReadGroup()
    {
        var number = 0;
        if (TryTake('?'))
        {
            if (!TryTake(':'))
            {
                _ = TryTake('P');
                if (!TryTake('<') || (_at < _text.Length && _text[_at] is '=' or '!'))
                {
                    throw Error("'(?' begins something other than (?: or a named group: looking around and options cannot be matched in linear time");
                }

                var end = _text.IndexOf('>', _at);
                _at = end < 0 ? throw Error("a group's name without its '>'") : end + 1;
                number = ++Captures;
            }
        }
        else
        {
            number = ++Captures;
        }

        var inside = ReadChoice();
        return !TryTake(')') ? throw Error("a '(' without its ')'") : number == 0 ? inside : new PatternNode.Capture(inside, number);
    }

    private PatternNode ReadEscape()
    {
        var sign = Take("a '\\' at the end");
        return sign switch
        {
            'A' => new PatternNode.Edge(IsStart: true),
            'z' or 'Z' => new PatternNode.Edge(IsStart: false),
            _ when SetOf(sign) is { } set => new PatternNode.One(set),
            _ => One(ByteSet.Of(Escaped(sign))),
        };
    }

    private ByteSet ReadClass()
    {
        var isNegated = TryTake('^');
        var set = default(ByteSet);
        for (var isFirst = true; ; isFirst = false)
        {
            var sign = Take("a '[' without its ']'");
            if (sign == ']' && !isFirst)
            {
                set = _ignoresCase ? set.WithBothCases() : set;
                return isNegated ? ~set : set;
            }

            if (sign == '\\' && _at < _text.Length && SetOf(_text[_at]) is { } named)
            {
                _at++;
                set |= named;
                continue;
            }

            var from = ClassMember(sign);
            var to = from;
            if (_at + 1 < _text.Length && _text[_at] == '-' && _text[_at + 1] != ']')
            {
                _at++;
                to = ClassMember(_text[_at++]);
            }

            set |= from <= to ? ByteSet.Between(from, to) : throw Error("a range whose end comes before its start");
        }
    }

    private int ClassMember(char sign)
    {
        if (sign == '[' && _at < _text.Length && _text[_at] == ':')
        {
            throw Error("classes such as [:alpha:]: write a-zA-Z");
        }

        return !char.IsAscii(sign) ? throw Error("a letter above ASCII in a class") : sign == '\\' ? Escaped(Take("a '\\' at the end")) : sign;
    }

    private int Escaped(char sign) => sign switch
    {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'f' => '\f',
        'v' => '\v',
        _ when char.IsAsciiLetterOrDigit(sign) => throw Error($"'\\{sign}' cannot be matched in linear time, or means nothing"),
        _ => char.IsAscii(sign) ? sign : throw Error("a '\\' before a letter above ASCII"),
    };

    private static ByteSet? SetOf(char sign) => sign switch
    {
        'd' => ByteSet.Digits,
        'D' => ~ByteSet.Digits,
        'w' => ByteSet.Word,
        'W' => ~ByteSet.Word,
        's' => ByteSet.Space,
        'S' => ~ByteSet.Space,
        _ => null,
    };

    private PatternNode.One One(ByteSet set) => new(_ignoresCase ? set.WithBothCases() : set);

    private char Take(string problem) => _at < _text.Length ? _text[_at++] : throw Error(problem);

    private bool TryTake(char sign)
    {
        var isThere = _at < _text.Length && _text[_at] == sign;
        _at += isThere ? 1 : 0;
        return isThere;
    }

    private PatternException Error(string problem) => new($"'{_text}' is no pattern that Kn can match: {problem} (at {_at})");
}
