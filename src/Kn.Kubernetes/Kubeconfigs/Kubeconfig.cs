using YamlDotNet.Core;

namespace Kn.Kubernetes.Kubeconfigs;

/// <summary>Reads kubeconfig files, YAML or JSON, as kubectl does: several files are merged, the first to name something wins.</summary>
/// <remarks>Source: k8s.io/client-go/tools/clientcmd/api/v1 Config, and the page "Organizing Cluster Access Using kubeconfig Files".
/// Credentials that need another program or a provider (exec, auth-provider), basic auth and impersonation are refused by name.</remarks>
public static class Kubeconfig
{
    private const int LargestFile = 4 << 20;

    /// <summary>Resolves a context to a connection.</summary>
    /// <param name="paths">A path, or several joined by ':' as in $KUBECONFIG; of several, those that do not exist are passed over.</param>
    /// <param name="context">The context; null for the current one.</param>
    /// <exception cref="KubeconfigException">A file is missing, not a kubeconfig, or asks for what is not supported.</exception>
    public static ApiConnection Load(string paths, string? context = null)
    {
        var files = paths.Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var existing = files.Length == 1 ? files : [.. files.Where(File.Exists)];
        if (existing.Length == 0)
        {
            throw new KubeconfigException(paths.Length == 0 ? "kubeconfig" : paths, "", "no such file");
        }

        var read = existing.Select(static file => new KubeconfigFile(file, ReadFile(file))).ToList();
        return new ContextResolver(read).Resolve(context);
    }

    /// <summary>Resolves a context of one kubeconfig that is already in memory.</summary>
    /// <param name="text">The content.</param>
    /// <param name="path">Where it is from: for messages, and the folder that file references are relative to.</param>
    /// <param name="context">The context; null for the current one.</param>
    /// <exception cref="KubeconfigException">Not a kubeconfig, or asks for what is not supported.</exception>
    public static ApiConnection Parse(string text, string path, string? context = null) =>
        new ContextResolver([new KubeconfigFile(path, ReadTree(path, new StringReader(text)))]).Resolve(context);

    private static YamlTree ReadFile(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length > LargestFile)
            {
                throw new KubeconfigException(path, "", $"larger than {LargestFile >> 20} MiB");
            }

            using var reader = new StreamReader(stream);
            return ReadTree(path, reader);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException(path, "", error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : error.Message, error);
        }
    }

    private static YamlTree ReadTree(string path, TextReader reader)
    {
        YamlTree tree;
        try
        {
            tree = YamlTree.Read(reader);
        }
        catch (YamlException error)
        {
            throw new KubeconfigException(path, "", $"line {error.Start.Line}: not YAML or JSON: {error.Message}", error);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or FormatException or IndexOutOfRangeException or NullReferenceException or OverflowException)
        {
            // The scanner throws these at some malformed input, such as bad surrogate escapes.
            throw new KubeconfigException(path, "", "not YAML or JSON: " + error.Message, error);
        }

        if (tree.IsNull)
        {
            throw new KubeconfigException(path, "", "the file is empty");
        }

        if (tree.Map is null)
        {
            throw new KubeconfigException(path, "", $"expected a kubeconfig, found {tree.Shape}");
        }

        if (tree.Find("kind") is { Text: not "Config" } kind)
        {
            throw new KubeconfigException(path, "kind", $"line {kind.Line}: expected Config, found '{kind.Text}'");
        }

        return tree;
    }
}
