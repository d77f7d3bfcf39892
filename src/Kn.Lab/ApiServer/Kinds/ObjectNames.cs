namespace Kn.Lab.ApiServer.Kinds;

/// <summary>Names of objects: which are allowed, and new ones for generateName.</summary>
/// <remarks>k8s.io/apimachinery pkg/util/validation, pkg/api/validation/path; k8s.io/apiserver pkg/storage/names.</remarks>
internal static class ObjectNames
{
    private const int MaxGenerated = 63 - 5;
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>What is wrong with a name, or null.</summary>
    public static string? Problem(string name, NameRule rule) => rule switch
    {
        NameRule.PathSegment => name is "." or ".." || name.Contains('/', StringComparison.Ordinal) || name.Contains('%', StringComparison.Ordinal)
            ? "may not be '.' or '..', or contain '/' or '%'" : null,
        NameRule.Label => IsLabel(name) && name.Length <= 63 ? null
            : "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        NameRule.ServiceLabel => IsLabel(name) && name.Length <= 63 && char.IsAsciiLetterLower(name[0]) ? null
            : "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        _ => name.Length <= 253 && name.Split('.').All(IsLabel) ? null
            : "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    };

    /// <summary>The prefix and five characters that make no words.</summary>
    public static string Generate(string prefix)
    {
        var stem = prefix.Length > MaxGenerated ? prefix[..MaxGenerated] : prefix;
        return stem + Random.Shared.GetString(Alphabet, 5);
    }

    private static bool IsLabel(string text) =>
        text.Length > 0 && text[0] != '-' && text[^1] != '-' && text.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}

file static class RandomStrings
{
    public static string GetString(this Random random, string alphabet, int length) => new(random.GetItems<char>(alphabet, length));
}
