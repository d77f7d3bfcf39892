using System.Text.Json.Nodes;

namespace Kn.Bench.Groups;

/// <summary>Debian's containernetworking-plugins: bridge, host-local and portmap, called as libcni calls a list.</summary>
internal sealed class ReferenceChain : IDisposable
{
    private const string Plugins = "/usr/lib/cni";
    private readonly string _data = Directory.CreateTempSubdirectory("kn-bench-cni").FullName;
    private readonly JsonObject _bridge;
    private readonly JsonObject _portmap = Parse("""{"cniVersion":"1.0.0","name":"ref","type":"portmap","capabilities":{"portMappings":true}}""");

    public ReferenceChain(bool masquerade) => _bridge = Parse(
        $$"""
        {"cniVersion":"1.0.0","name":"ref","type":"bridge","bridge":"kn-bench0","isGateway":true,"ipMasq":{{(masquerade ? "true" : "false")}},
         "ipam":{"type":"host-local","dataDir":"{{_data}}","ranges":[[{"subnet":"10.201.0.0/22"}]],"routes":[{"dst":"0.0.0.0/0"}]} }
        """);

    /// <summary>ADD through the whole chain.</summary>
    /// <returns>Time of all programs together, in milliseconds.</returns>
    public double Add(Attachment attachment)
    {
        var bridge = Call("bridge", "ADD", attachment, _bridge);
        attachment.PreviousResult = bridge.Output;
        var portmap = Call("portmap", "ADD", attachment, _portmap);
        return (bridge.Elapsed + portmap.Elapsed).TotalMilliseconds;
    }

    /// <summary>DEL through the whole chain, backwards.</summary>
    /// <returns>Time of all programs together, in milliseconds.</returns>
    public double Delete(Attachment attachment)
    {
        var portmap = Call("portmap", "DEL", attachment, _portmap);
        var bridge = Call("bridge", "DEL", attachment, _bridge);
        return (portmap.Elapsed + bridge.Elapsed).TotalMilliseconds;
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static SpawnResult Call(string plugin, string command, Attachment attachment, JsonObject configuration) =>
        Cni.Call($"{Plugins}/{plugin}", command, attachment, Cni.With(configuration, attachment).ToJsonString());

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;
}
