using System.Globalization;
using Kn.Hosting.Options;
using Kn.Ingress.Features;
using Kn.Ingress.Http;
using Kn.Ingress.Patterns;
using Kn.Primitives;

namespace Kn.Ingress.Annotations;

/// <summary>Reads the values of annotations. Each gives what is wrong in words, or null.</summary>
internal static class AnnotationValues
{
    /// <summary>true or false, in the spellings of Go's strconv.ParseBool, which ingress-nginx reads by.</summary>
    public static string? Bool(string text, Action<bool> set)
    {
        switch (text)
        {
            case "1" or "t" or "T" or "TRUE" or "true" or "True":
                set(true);
                return null;
            case "0" or "f" or "F" or "FALSE" or "false" or "False":
                set(false);
                return null;
            default:
                return "must be \"true\" or \"false\"";
        }
    }

    /// <summary>A whole number.</summary>
    public static string? Number(string text, int least, int most, Action<int> set)
    {
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < least || number > most)
        {
            return $"must be a number from {least} to {most}";
        }

        set(number);
        return null;
    }

    /// <summary>A time: seconds as ingress-nginx has them, or with a unit.</summary>
    public static string? Time(string text, Action<TimeSpan> set)
    {
        var isRead = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds);
        var time = TimeSpan.FromSeconds(seconds);
        if ((!isRead && !Duration.TryParse(text, out time)) || time < TimeSpan.FromMilliseconds(100) || time > TimeSpan.FromDays(30))
        {
            return "must be a number of seconds such as 60, or a time such as 500ms, 60s or 5m";
        }

        set(time);
        return null;
    }

    /// <summary>A size as nginx has it: bytes, or k, m and g behind them.</summary>
    public static string? Size(string text, Action<long> set)
    {
        var unit = text.Length == 0 ? 0 : char.ToLowerInvariant(text[^1]) switch { 'k' => 10, 'm' => 20, 'g' => 30, _ => 0 };
        var digits = unit == 0 ? text : text[..^1];
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > long.MaxValue >> 31)
        {
            return "must be a size such as 8m, 512k or 0 for any";
        }

        set(number << unit);
        return null;
    }

    /// <summary>Prefixes and addresses, with commas between.</summary>
    public static string? Prefixes(string text, Action<ValueList<IpPrefix>> set)
    {
        var prefixes = new List<IpPrefix>();
        foreach (var word in Words(text))
        {
            if (IpPrefix.TryParse(word, out var prefix))
            {
                prefixes.Add(prefix);
            }
            else if (IpAddress.TryParse(word, out var address))
            {
                prefixes.Add(IpPrefix.Of(address));
            }
            else
            {
                return $"'{word}' is neither an address nor a prefix such as 10.0.0.0/8, without bits behind its length";
            }
        }

        if (prefixes.Count == 0)
        {
            return "names no address";
        }

        set(prefixes.ToValueList());
        return null;
    }

    /// <summary>A name that can be a field's or a cookie's.</summary>
    public static string? Token(string text, Action<string> set)
    {
        if (!IsToken(text))
        {
            return $"'{text}' is no name: letters, digits and -_.";
        }

        set(text);
        return null;
    }

    /// <summary>Names of fields, with commas between.</summary>
    public static string? Tokens(string text, Action<ValueList<string>> set)
    {
        var words = Words(text);
        foreach (var word in words)
        {
            if (!IsToken(word))
            {
                return $"'{word}' is no name of a field";
            }
        }

        set(words.ToValueList());
        return null;
    }

    /// <summary>Something that goes into a field as it is.</summary>
    public static string? FieldText(string text, Action<string> set)
    {
        if (text.Length > 1024 || HasControls(text))
        {
            return "must be at most 1024 letters, none of them a control character";
        }

        set(text);
        return null;
    }

    /// <summary>A text with variables such as $host.</summary>
    public static string? Template(string text, Action<string> set)
    {
        if (FieldText(text, static _ => { }) is { } problem)
        {
            return problem;
        }

        if (VariableTemplate.ProblemOf(text) is { } unknown)
        {
            return unknown;
        }

        set(text);
        return null;
    }

    /// <summary>A URL, which may have variables.</summary>
    public static string? Url(string text, Action<string> set)
    {
        var isUrl = text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal) || text.StartsWith("$scheme://", StringComparison.Ordinal);
        return text.Contains(' ', StringComparison.Ordinal) || !isUrl ? "must be a URL such as https://example.org/path" : Template(text, set);
    }

    /// <summary>A pattern.</summary>
    public static string? PatternText(string text, Action<string> set)
    {
        try
        {
            _ = Pattern.ForAnywhere(text);
        }
        catch (PatternException exception)
        {
            return exception.Message;
        }

        set(text);
        return null;
    }

    /// <summary>Words with commas between, without space around them.</summary>
    public static List<string> Words(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    /// <summary>Whether a text is a token (RFC 9110 §5.6.2).</summary>
    public static bool IsToken(string text) => HeadFields.IsToken(System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Whether a text has letters that no field may have.</summary>
    public static bool HasControls(string text) => HeadFields.HasControls(System.Text.Encoding.UTF8.GetBytes(text));
}
