using System.Text.Json.Nodes;
using Kn.Linux.Namespaces;
using Kn.NetnsTests;

namespace Kn.Cni.NetnsTests;

/// <summary>A node with a neighbour outside and pods that answer on port 80. Needs root.</summary>
/// <remarks>
/// <code>
/// outside 192.0.2.9 ── 192.0.2.1 node ── pods 10.244.1.0/24, fd00:10:244:1::/64
///         2001:db8::9  2001:db8::1
/// </code>
/// Outside has no route to the pods: who answers it directly does not get through.
/// </remarks>
public sealed class HostPortNet : IAsyncLifetime
{
    public const string NodeV4 = "192.0.2.1";
    public const string NodeV6 = "2001:db8::1";
    public const string OutsideV4 = "192.0.2.9";
    public const string OutsideV6 = "2001:db8::9";

    /// <summary>Port 8080 of all protocols to port 80.</summary>
    public static readonly JsonNode EveryProtocol = Mappings("tcp", "udp", "sctp");

    private readonly List<IDisposable> _parts = [];
    private readonly List<NetworkNamespace> _pods = [];

    public TestNode Node { get; } = new();

    public NetworkNamespace NodeSpace { get; private set; } = null!;

    public NetworkNamespace Outside { get; private set; } = null!;

    /// <summary>Name of the namespace of the pod that was added last.</summary>
    public string LastPod { get; private set; } = "";

    public static JsonNode Mapping(int hostPort, int containerPort, string protocol = "tcp", string hostIp = "") => new JsonObject
    {
        ["portMappings"] = new JsonArray(new JsonObject { ["hostPort"] = hostPort, ["containerPort"] = containerPort, ["protocol"] = protocol, ["hostIP"] = hostIp }),
    };

    public async Task InitializeAsync()
    {
        await Node.StartAsync();
        var outside = Node.CreatePodNamespace();
        NodeSpace = Open(Node.Name);
        Outside = Open(outside);
        foreach (var command in (string[])[
            $"ip -n {Node.Name} link set lo up",
            $"ip -n {outside} link set lo up",
            $"ip -n {Node.Name} link add up0 type veth peer name eth0 netns {outside}",
            $"ip -n {Node.Name} addr add {NodeV4}/24 dev up0",
            $"ip -n {Node.Name} addr add {NodeV6}/64 dev up0 nodad",
            $"ip -n {Node.Name} link set up0 up",
            $"ip -n {outside} addr add {OutsideV4}/24 dev eth0",
            $"ip -n {outside} addr add {OutsideV6}/64 dev eth0 nodad",
            $"ip -n {outside} link set eth0 up"])
        {
            await Run.TextAsync(command);
        }
    }

    /// <summary>Adds a pod that answers on port 80 of TCP and UDP with its name and the asker's address.</summary>
    public async Task<NetworkNamespace> AddPodAsync(string name, JsonNode? runtimeConfig = null)
    {
        await AddPodWithResultAsync(name, runtimeConfig);
        return _pods[^1];
    }

    /// <summary>The same; gives the result of ADD.</summary>
    public async Task<JsonNode> AddPodWithResultAsync(string name, JsonNode? runtimeConfig = null)
    {
        var space = LastPod = Node.CreatePodNamespace();
        var result = await Node.AddAsync(name, space, runtimeConfig);
        _pods.Add(Open(space));
        _parts.Add(new Responder(_pods[^1], name, 80));
        return result;
    }

    public async Task<string> RulesetAsync() => await Run.TextAsync($"ip netns exec {Node.Name} nft -s list table inet kn-cni");

    public async Task<string> NftAsync(string command) => await Run.TextAsync($"ip netns exec {Node.Name} nft {command}");

    public async Task DisposeAsync()
    {
        _parts.Reverse();
        _parts.ForEach(static part => part.Dispose());
        await Node.DisposeAsync();
    }

    private static JsonObject Mappings(params string[] protocols) => new()
    {
        ["portMappings"] = new JsonArray([.. protocols.Select(static protocol => Mapping(8080, 80, protocol)["portMappings"]![0]!.DeepClone())]),
    };

    private NetworkNamespace Open(string name)
    {
        var space = NetworkNamespace.OpenNamed(name);
        _parts.Add(space);
        return space;
    }
}
