using System.Xml.Linq;

namespace Kn.Conventions.Tests;

/// <summary>The dependency arrows of docs/architecture.md, read from the project files.</summary>
public sealed class ArrowTests
{
    private static readonly string[] Modules = ["Kn.Cni", "Kn.Routes", "Kn.ServiceProxy", "Kn.Dns", "Kn.Policy", "Kn.Ingress", "Kn.LoadBalancer"];
    private static readonly string[] BelowModules = ["Kn.Bgp", "Kn.Hosting", "Kn.Kubernetes", "Kn.Linux", "Kn.Primitives"];

    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Kn.Primitives"] = [],
        ["Kn.Linux"] = ["Kn.Primitives"],
        ["Kn.Bgp"] = ["Kn.Linux", "Kn.Primitives"],
        ["Kn.Kubernetes"] = ["Kn.Primitives"],
        ["Kn.Hosting"] = ["Kn.Kubernetes", "Kn.Primitives"],
        ["Kn"] = [.. Modules, .. BelowModules],
        ["Kn.Lab"] = ["Kn.Linux", "Kn.Kubernetes", "Kn.Primitives"],
    };

    public static TheoryData<string> Projects() => [.. Repository.Files("src", "*.csproj")];

    [Theory, MemberData(nameof(Projects))]
    public void Project_ReferencesOnlyWhatTheArrowsAllow(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var allowed = Modules.Contains(name) ? BelowModules : Assert.Contains(name, (IReadOnlyDictionary<string, string[]>)Allowed);
        var references = XDocument.Parse(Repository.Read(path)).Descendants("ProjectReference")
            .Select(static reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
        Assert.Empty(references.Except(allowed));
    }

    [Theory, MemberData(nameof(Projects))]
    public void Project_PinsNoPackageVersionOfItsOwn(string path) =>
        Assert.DoesNotContain(
            XDocument.Parse(Repository.Read(path)).Descendants("PackageReference"),
            static reference => reference.Attribute("Version") is not null);

    [Fact]
    public void EveryPackage_HasAReasonInDependenciesMd()
    {
        var reasons = Repository.Read("docs/dependencies.md");
        var packages = XDocument.Parse(Repository.Read("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(static package => package.Attribute("Include")!.Value).ToList();
        Assert.NotEmpty(packages);
        Assert.All(packages, package => Assert.Contains($"| {package} |", reasons, StringComparison.Ordinal));
    }

    [Fact]
    public void Solution_HoldsEveryProject()
    {
        var solution = Repository.Read("Kn.sln").Replace('\\', '/');
        var projects = Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj")).ToList();
        Assert.NotEmpty(projects);
        Assert.All(projects, project => Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal));
    }
}
