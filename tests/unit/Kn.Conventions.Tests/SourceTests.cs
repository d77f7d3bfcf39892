using System.Text.RegularExpressions;

namespace Kn.Conventions.Tests;

/// <summary>What STYLE asks of names, sizes and words, over every source file.</summary>
public sealed partial class SourceTests
{
    private const int MaxLines = 500;

    private static readonly string[] RefusedSuffixes = ["Manager", "Helper", "Helpers", "Util", "Utils", "Common", "Misc", "Base", "Impl", "Data", "Processor"];

    public static IEnumerable<string> SourceFiles() => Repository.Files("src", "*.cs").Concat(Repository.Files("tests", "*.cs")).Concat(Repository.Files("bench", "*.cs"));

    [Fact]
    public void NoFile_IsLongerThanFiveHundredLines()
    {
        var tooLong = SourceFiles()
            .Where(static path => !path.Contains("/Generated/", StringComparison.Ordinal))
            .Select(static path => (path, lines: File.ReadLines(Path.Combine(Repository.Root, path)).Count()))
            .Where(static file => file.lines > MaxLines)
            .Select(static file => $"{file.path}: {file.lines}");
        Assert.Empty(tooLong);
    }

    [Fact]
    public void NoType_HasARefusedName()
    {
        var refused = SourceFiles()
            .Where(static path => path.StartsWith("src/", StringComparison.Ordinal))
            .SelectMany(static path => TypeDeclaration().Matches(Repository.Read(path)).Select(match => (path, name: match.Groups["name"].Value)))
            .Where(static type => RefusedSuffixes.Any(suffix => type.name.EndsWith(suffix, StringComparison.Ordinal)))
            .Select(static type => $"{type.path}: {type.name}");
        Assert.Empty(refused);
    }

    [Fact]
    public void NoSource_HasARegionOrAnUnnumberedTodo()
    {
        var found = SourceFiles()
            .Where(static path => !path.Contains("Conventions", StringComparison.Ordinal))
            .Where(static path => Leftover().IsMatch(Repository.Read(path)));
        Assert.Empty(found);
    }

    [Fact]
    public void EveryModule_HasItsUsualFiles()
    {
        var modules = Directory.GetDirectories(Path.Combine(Repository.Root, "src/Modules")).Select(static path => Path.GetFileName(path)!).ToList();
        Assert.NotEmpty(modules);
        foreach (var module in modules)
        {
            var name = module["Kn.".Length..];
            string[] expected = [$"{name}Module.cs", $"{name}Options.cs", $"{name}Log.cs", $"{name}Metrics.cs", "README.md"];
            var files = Repository.Files($"src/Modules/{module}", "*").Select(static path => Path.GetFileName(path)).ToHashSet(StringComparer.Ordinal);
            Assert.All(expected, file => Assert.Contains(file, files));
        }
    }

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum)\s+(?:struct\s+|class\s+)?(?<name>[A-Z]\w*)")]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"#region|//\s*(?:TODO|FIXME|HACK|XXX)(?!\s*\(#\d+\))", RegexOptions.IgnoreCase)]
    private static partial Regex Leftover();
}
