namespace Kn.Testing;

/// <summary>This test shows that Kn keeps one rule of a specification. Its name, in words, is the row of the table
/// docs/conformance/SPECIFICATION.md, so the table holds what is tested and nothing else.</summary>
/// <param name="specification">Name of the table, such as <c>cni</c>.</param>
/// <param name="section">Where in the specification the rule stands, such as <c>ADD</c>.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ConformanceAttribute(string specification, string section) : Attribute
{
    public string Specification { get; } = specification;

    public string Section { get; } = section;
}
