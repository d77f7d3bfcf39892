using System.Reflection;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Processes;

namespace Kn.Lab.Demo;

/// <summary>The manifests of examples/demo, applied with a stock kubectl, or without one through the API.</summary>
internal static class DemoManifests
{
    private const string Prefix = "demo/";

    private static readonly IReadOnlyList<ApiResource> Kinds =
        [ApiResources.Namespaces, ApiResources.Pods, ApiResources.Services, ApiResources.Deployments];

    /// <summary>Writes the files to a folder and applies them; returns what did it.</summary>
    /// <exception cref="LabException">kubectl refused.</exception>
    public static async Task<string> ApplyAsync(DemoCluster cluster, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var name in assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var content = new StreamReader(assembly.GetManifestResourceStream(name)!);
            await File.WriteAllTextAsync(Path.Combine(folder, name[Prefix.Length..]), await content.ReadToEndAsync(cancellationToken), cancellationToken);
        }

        if (FindKubectl() is { } kubectl)
        {
            var result = await ProgramStart.RunAsync(
                null, [kubectl, "--kubeconfig", cluster.Options.UserKubeconfig, "apply", "-f", folder], null, "", cancellationToken);
            return result.ExitCode == 0 ? "kubectl apply" : throw new LabException($"kubectl apply: {result.Errors.Trim()}");
        }

        foreach (var path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            using var text = new StreamReader(path);
            foreach (var item in YamlTree.ParseAll(text).OfType<JsonObject>())
            {
                var kind = Kinds.First(kind => kind.Kind == item.Text("kind"));
                await cluster.Client.CreateAsync(kind, item.Text("metadata", "namespace"), item, cancellationToken);
            }
        }

        return "the API (there is no kubectl on PATH)";
    }

    private static string? FindKubectl() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(static folder => Path.Combine(folder, "kubectl")).FirstOrDefault(File.Exists);
}
