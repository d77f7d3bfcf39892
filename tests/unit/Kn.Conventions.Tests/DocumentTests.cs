using System.Text.RegularExpressions;

namespace Kn.Conventions.Tests;

/// <summary>Documents point at things that exist.</summary>
public sealed partial class DocumentTests
{
    public static TheoryData<string> Documents() =>
        [.. Directory.GetFiles(Repository.Root, "*.md").Select(static path => Path.GetFileName(path)), .. Repository.Files("docs", "*.md"), .. Repository.Files("src", "*.md")];

    [Theory, MemberData(nameof(Documents))]
    public void RelativeLinks_Resolve(string path)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, path))!;
        var broken = Link().Matches(Repository.Read(path))
            .Select(static match => match.Groups["target"].Value.Split('#')[0])
            .Where(static target => target.Length > 0 && !target.Contains(':'))
            .Where(target => !Path.Exists(Path.Combine(folder, target)));
        Assert.Empty(broken);
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("CHANGELOG.md")]
    [InlineData("LICENSE")]
    [InlineData("docs/architecture.md")]
    [InlineData("docs/dependencies.md")]
    [InlineData("docs/node-resources.md")]
    public void Document_Exists(string path) => Assert.True(File.Exists(Path.Combine(Repository.Root, path)));

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();
}
