using System.Text.RegularExpressions;

namespace Kn.E2E.Tests.Dns;

/// <summary>An answer as a client printed it: dig's way, which kdig and our own program follow.</summary>
internal sealed partial record DnsReply
{
    /// <summary>The status of a question that nobody answered.</summary>
    public const string Silence = "TIMEOUT";

    private readonly List<string> _answers = [];
    private readonly List<string> _authorities = [];
    private readonly List<string> _additionals = [];

    /// <summary>NOERROR, NXDOMAIN and so on, or <see cref="Silence"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Such as <c>qr aa rd ra</c>.</summary>
    public string Flags { get; private set; } = "";

    /// <summary>The extended error's number (RFC 8914); 0 for none.</summary>
    public int ExtendedError { get; private set; }

    /// <summary>Records as <c>name. TTL TYPE data</c>.</summary>
    public IReadOnlyList<string> Answers => _answers;

    /// <summary>Records of the authority section.</summary>
    public IReadOnlyList<string> Authorities => _authorities;

    /// <summary>Records of the additional section, without OPT.</summary>
    public IReadOnlyList<string> Additionals => _additionals;

    /// <summary>Whether it was cut.</summary>
    public bool IsCut => Flags.Split(' ').Contains("tc");

    /// <summary>The data of all answers of a type, in order.</summary>
    public IReadOnlyList<string> Of(string type) =>
        [.. Answers.Select(static record => record.Split(' ', 4)).Where(parts => parts[2] == type).Select(static parts => parts[3]).Order(StringComparer.Ordinal)];

    /// <summary>Status and answers in order, for comparing.</summary>
    public override string ToString() => string.Join('\n', Answers.Order(StringComparer.Ordinal).Prepend(Status));

    /// <summary>Reads what a client printed: one reply a question.</summary>
    public static IReadOnlyList<DnsReply> ReadAll(string output)
    {
        var replies = new List<DnsReply>();
        List<string>? section = null;
        foreach (var line in output.Split('\n'))
        {
            if (StatusLine().Match(line) is { Success: true } status)
            {
                (replies, section) = ([.. replies, new DnsReply { Status = status.Groups[1].Value }], null);
            }
            else if (line.Contains("no servers could be reached", StringComparison.Ordinal) || line.StartsWith(";; ERROR: failed to query", StringComparison.Ordinal))
            {
                (replies, section) = ([.. replies, new DnsReply { Status = Silence }], null);
            }
            else if (replies.Count > 0)
            {
                section = replies[^1].Take(line, section);
            }
        }

        return replies;
    }

    private List<string>? Take(string line, List<string>? section)
    {
        if (SectionLine().Match(line) is { Success: true } next)
        {
            return next.Groups[1].Value switch { "ANSWER" => _answers, "AUTHORITY" => _authorities, "ADDITIONAL" => _additionals, _ => null };
        }

        if (FlagsLine().Match(line) is { Success: true } flags && Flags.Length == 0)
        {
            Flags = flags.Groups[1].Value.Trim();
        }
        else if (ErrorLine().Match(line) is { Success: true } error)
        {
            ExtendedError = int.Parse(error.Groups[1].Value);
        }
        else if (section is not null && line.Length > 0 && line[0] != ';')
        {
            var parts = line.Split((char[])[' ', '\t'], 5, StringSplitOptions.RemoveEmptyEntries);
            section.Add(string.Join(' ', parts.Where(static (_, index) => index != 2)));
        }

        return section;
    }

    [GeneratedRegex("->>HEADER<<-.*status: ([A-Z0-9]+)")]
    private static partial Regex StatusLine();

    [GeneratedRegex("^;; ([A-Z]+) (?:PSEUDO)?SECTION:")]
    private static partial Regex SectionLine();

    [GeneratedRegex("^;; [Ff]lags:([^;]*);")]
    private static partial Regex FlagsLine();

    [GeneratedRegex(@"EDE: (\d+)")]
    private static partial Regex ErrorLine();
}
