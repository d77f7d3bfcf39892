using System.Text.Json.Nodes;

namespace Kn.Bench.Groups;

/// <summary>Kn's plugin, with the configuration that its agent wrote.</summary>
internal sealed class OwnPlugin
{
    private readonly string _path;
    private readonly JsonObject _configuration;

    public OwnPlugin(string path, string configurationFolder)
    {
        _path = path;
        _configuration = FirstPlugin(configurationFolder);
    }

    /// <summary>ADD.</summary>
    /// <returns>Its time, in milliseconds.</returns>
    public double Add(Attachment pod)
    {
        var result = Cni.Call(_path, "ADD", pod, Cni.With(_configuration, pod).ToJsonString());
        pod.PreviousResult = result.Output;
        return result.Elapsed.TotalMilliseconds;
    }

    /// <summary>DEL.</summary>
    /// <returns>Its time, in milliseconds.</returns>
    public double Delete(Attachment pod) => Cni.Call(_path, "DEL", pod, Cni.With(_configuration, pod).ToJsonString()).Elapsed.TotalMilliseconds;

    /// <summary>The list's first plugin as libcni hands it over: with the list's name and version.</summary>
    private static JsonObject FirstPlugin(string folder)
    {
        var list = JsonNode.Parse(File.ReadAllText(Directory.GetFiles(folder, "*.conflist").Order().First()))!;
        var plugin = (JsonObject)list["plugins"]![0]!.DeepClone();
        plugin["name"] = list["name"]!.DeepClone();
        plugin["cniVersion"] = list["cniVersion"]!.DeepClone();
        return plugin;
    }
}
