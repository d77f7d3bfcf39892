using System.Text.Json;
using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.LabNodes;

/// <summary>The files that a node's agent is given: its config and its credentials. Pure but for reading certificates.</summary>
internal static class NodeFiles
{
    /// <summary>kn.yaml of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="options">The lab's settings.</param>
    public static string Config(NodePlace node, LabOptions options) =>
        $"""
        node: {node.Name}
        kubeconfig: {Path.Combine(node.Folder, "kubeconfig")}
        paths:
          state: {Path.Combine(node.Folder, "state")}
          run: {Path.Combine(node.Folder, "run")}
          cniConfig: {node.CniConfigFolder}
          cniPlugins: {node.CniPluginFolder}
        cluster:
          podCIDRs: [{string.Join(", ", options.PodCidrs.Select(Quote))}]
          serviceCIDRs: [{string.Join(", ", options.ServiceCidrs.Select(Quote))}]

        """ + options.AgentConfig;

    /// <summary>A kubeconfig like the user's, with one context, whose server is the underlay's forwarder.</summary>
    /// <param name="path">The user's kubeconfig; its current context is taken.</param>
    /// <param name="forwarder">host:port as the nodes see it.</param>
    /// <exception cref="InvalidDataException">The file lacks what is needed.</exception>
    public static string Kubeconfig(string path, string forwarder)
    {
        var config = YamlTree.Parse(File.ReadAllText(path)) as JsonObject ?? throw new InvalidDataException($"{path}: not a kubeconfig");
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var context = Entry(config, path, "contexts", config.Text("current-context"), "context");
        var cluster = Inline(Entry(config, path, "clusters", context.Text("cluster"), "cluster"), folder, "certificate-authority");
        var user = Inline(Entry(config, path, "users", context.Text("user"), "user"), folder, "client-certificate", "client-key");
        if (user.Text("tokenFile") is { } tokenFile)
        {
            user["tokenFile"] = Path.GetFullPath(tokenFile, folder);
        }

        var server = new Uri(cluster.Text("server") ?? throw new InvalidDataException($"{path}: the cluster has no server"));
        cluster["server"] = $"{server.Scheme}://{forwarder}";
        if (server.Scheme == Uri.UriSchemeHttps)
        {
            cluster.Default("tls-server-name", server.Host.Trim('[', ']'));
        }

        var result = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["current-context"] = "lab",
            ["contexts"] = List("context", new JsonObject { ["cluster"] = "lab", ["user"] = "lab" }),
            ["clusters"] = List("cluster", cluster),
            ["users"] = List("user", user),
        };
        return result.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    private static JsonArray List(string body, JsonObject entry) => JsonTree.Array([new JsonObject { ["name"] = "lab", [body] = entry }]);

    private static JsonObject Entry(JsonObject config, string path, string list, string? name, string body) =>
        config.Maps(list).FirstOrDefault(entry => entry.Text("name") == name).Map(body)?.Copy()
        ?? throw new InvalidDataException($"{path}: no entry '{name}' in {list}");

    // Paths in a kubeconfig are relative to it; the copy lies elsewhere, so it carries the contents.
    private static JsonObject Inline(JsonObject entry, string folder, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            if (entry.Text(field) is { } file)
            {
                entry.Remove(field);
                entry[field + "-data"] = Convert.ToBase64String(File.ReadAllBytes(Path.GetFullPath(file, folder)));
            }
        }

        return entry;
    }

    private static string Quote(string text) => $"\"{text}\"";
}
