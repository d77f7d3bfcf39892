using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Kn.Cni.NetnsTests;

/// <summary>Debian's reference plugins (package containernetworking-plugins), called as a runtime calls the plugins of a list. Needs root.</summary>
internal static class ReferencePlugin
{
    private const string Folder = "/usr/lib/cni";

    /// <summary>Calls a plugin inside the node; the result of ADD.</summary>
    /// <param name="node">The node.</param>
    /// <param name="type">The plugin.</param>
    /// <param name="command">ADD, CHECK or DEL.</param>
    /// <param name="container">Container id.</param>
    /// <param name="netns">Its namespace's name.</param>
    /// <param name="members">Members of the configuration.</param>
    /// <param name="previous">prevResult.</param>
    internal static async Task<JsonNode?> CallAsync(TestNode node, string type, string command, string container, string netns, JsonObject members, JsonNode? previous = null)
    {
        var config = (JsonObject)members.DeepClone();
        config["cniVersion"] = "1.0.0";
        config["name"] = "kn";
        config["type"] = type;
        if (previous is not null)
        {
            var result = (JsonObject)previous.DeepClone();
            result["cniVersion"] = "1.0.0";
            config["prevResult"] = result;
        }

        var start = new ProcessStartInfo("ip", ["netns", "exec", node.Name, Path.Combine(Folder, type)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["CNI_COMMAND"] = command;
        start.Environment["CNI_CONTAINERID"] = container;
        start.Environment["CNI_NETNS"] = $"/run/netns/{netns}";
        start.Environment["CNI_IFNAME"] = "eth0";
        start.Environment["CNI_PATH"] = Folder;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(config.ToJsonString());
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(deadline.Token);
        Assert.True(process.ExitCode == 0, $"{type} {command}: {output}{await error}");
        return output.Trim().Length == 0 ? null : JsonNode.Parse(output);
    }
}
