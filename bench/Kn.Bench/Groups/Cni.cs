using System.Text;

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
            $"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=bench;K8S_POD_NAME={attachment.ContainerId}",
            $"CNI_PATH={Path.GetDirectoryName(path)}",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        ];
        var result = Spawn.Run(path, [], environment, Encoding.UTF8.GetBytes(configuration));
        return result.ExitCode == 0
            ? result
            : throw new InvalidOperationException($"{command} {Path.GetFileName(path)} {attachment.ContainerId}: exit {result.ExitCode}: {result.Output}");
    }
}

/// <summary>One pod's attachment.</summary>
internal sealed record Attachment(string ContainerId, string NamespacePath)
{
    /// <summary>Result of ADD, which DEL is given.</summary>
    public string PreviousResult { get; set; } = "";
}
