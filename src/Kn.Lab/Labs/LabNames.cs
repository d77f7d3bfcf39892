using System.Text.RegularExpressions;

namespace Kn.Lab;

/// <summary>The names of a lab's network namespaces; two labs never share one.</summary>
internal sealed partial record LabNames
{
    /// <summary>Names those of the lab <paramref name="lab"/>.</summary>
    /// <exception cref="FormatException">A name with other than lower-case letters and digits: the dash ends it.</exception>
    public LabNames(string lab)
    {
        if (!Pattern().IsMatch(lab))
        {
            throw new FormatException($"a lab's name is 1 to 16 lower-case letters and digits, not '{lab}'");
        }

        Lab = lab;
    }

    /// <summary>The lab's name.</summary>
    public string Lab { get; }

    /// <summary>Bridges and router.</summary>
    public string Underlay => Lab + "-underlay";

    /// <summary>The host outside the cluster.</summary>
    public string Outside => Lab + "-outside";

    /// <summary>A node's namespace, by number from 1.</summary>
    public string Node(int number) => $"{Lab}-{NodeName(number)}";

    /// <summary>A node's name in the API.</summary>
    public static string NodeName(int number) => $"node{number}";

    /// <summary>The lab's namespaces that exist: a later lab of this name must remove them.</summary>
    public IEnumerable<string> Existing()
    {
        const string Folder = "/run/netns";
        return Directory.Exists(Folder)
            ? Directory.EnumerateFiles(Folder).Select(static path => Path.GetFileName(path)).Where(Owns)
            : [];
    }

    private bool Owns(string name) =>
        name.StartsWith(Lab + "-", StringComparison.Ordinal) && Member().IsMatch(name[(Lab.Length + 1)..]);

    [GeneratedRegex("^[a-z0-9]{1,16}$")]
    private static partial Regex Pattern();

    [GeneratedRegex("^(underlay|outside|node[0-9]+|pod-[0-9a-f]+)$")]
    private static partial Regex Member();
}
