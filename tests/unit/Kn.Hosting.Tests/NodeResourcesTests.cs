using System.Reflection;

namespace Kn.Hosting.Tests;

public sealed class NodeResourcesTests
{
    [Fact]
    public void TableNames_AreDistinct() => AssertDistinct("Table");

    [Fact]
    public void LinkNames_AreDistinct() => AssertDistinct("Link");

    [Fact]
    public void Document_NamesEveryResource()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory!.FullName, "Kn.sln")))
        {
            directory = directory.Parent;
        }

        var document = File.ReadAllText(Path.Combine(directory.FullName, "docs/node-resources.md"));
        foreach (var (name, value) in Constants())
        {
            Assert.True(document.Contains($"`{value}`", StringComparison.Ordinal), $"docs/node-resources.md does not say `{value}` ({name})");
        }
    }

    private static void AssertDistinct(string suffix)
    {
        var values = Constants().Where(constant => constant.Name.EndsWith(suffix, StringComparison.Ordinal)).Select(static constant => constant.Value).ToList();
        Assert.NotEmpty(values);
        Assert.Equal(values.Count, values.Distinct().Count());
    }

    private static IEnumerable<(string Name, object Value)> Constants() =>
        typeof(NodeResources).GetFields(BindingFlags.Public | BindingFlags.Static).Select(static field => (field.Name, field.GetRawConstantValue()!));
}
