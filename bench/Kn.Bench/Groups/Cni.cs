using System.Text;
using System.Text.Json.Nodes;

namespace Kn.Bench.Groups;

/// <summary>A call of a CNI plugin, as a runtime makes it (CNI specification, section 2).</summary>
internal static class Cni
{
    /// <summary>Runs the plugin in the calling thread's network namespace.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static SpawnResult Call(string path, string command, Attachment attachment, string configuration)
    {
        string[] environment =
        [
            $"CNI_COMMAND={command}",
            $"CNI_CONTAINERID={attachment.ContainerId}",
            $"CNI_NETNS={attachment.NamespacePath}",
            "CNI_IFNAME=eth0",

            // No pod's name: a pod that the API server has never heard of would wait for it. All else is as for a pod, the module Policy's transaction too.
            "CNI_ARGS=IgnoreUnknown=1",
            $"CNI_PATH={Path.GetDirectoryName(path)}",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        ];
        var result = Spawn.Run(path, [], environment, Encoding.UTF8.GetBytes(configuration));
        return result.ExitCode == 0
            ? result
            : throw new InvalidOperationException($"{command} {Path.GetFileName(path)} {attachment.ContainerId}: exit {result.ExitCode}: {result.Output}");
    }

    /// <summary>The configuration for one call: with the result of the call before, and the pod's host port.</summary>
    public static JsonObject With(JsonObject configuration, Attachment pod)
    {
        var copy = (JsonObject)configuration.DeepClone();
        if (pod.PreviousResult.Length > 0)
        {
            copy["prevResult"] = JsonNode.Parse(pod.PreviousResult);
        }

        if (pod.HostPort is { } port)
        {
            copy["runtimeConfig"] = JsonNode.Parse($$"""{"portMappings":[{"hostPort":{{port}},"containerPort":80,"protocol":"tcp"}]}""");
        }

        return copy;
    }
}

/// <summary>One pod's attachment.</summary>
internal sealed record Attachment(string ContainerId, string NamespacePath, int? HostPort)
{
    /// <summary>Result of ADD, which DEL is given.</summary>
    public string PreviousResult { get; set; } = "";
}
