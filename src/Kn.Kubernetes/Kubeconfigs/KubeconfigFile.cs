namespace Kn.Kubernetes.Kubeconfigs;

/// <summary>One kubeconfig and where it was read from.</summary>
internal sealed record KubeconfigFile(string Path, YamlTree Root)
{
    /// <summary>The folder that its file references are relative to.</summary>
    public string Folder => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path)) ?? "/";

    /// <summary>The body of a named entry, such as users[admin].user; null where there is none of that name.</summary>
    public KubeconfigSection? Find(string list, string name, string body)
    {
        if (Root.Find(list) is not { } entries)
        {
            return null;
        }

        if (entries.List is null)
        {
            throw new KubeconfigException(Path, list, $"line {entries.Line}: expected a list, found {entries.Shape}");
        }

        foreach (var entry in entries.List)
        {
            if (entry.Find("name")?.Text == name)
            {
                var field = $"{list}[{name}].{body}";
                return entry.Find(body) is { } found ? KubeconfigSection.Of(this, field, found) : KubeconfigSection.Of(this, field, null);
            }
        }

        return null;
    }
}
