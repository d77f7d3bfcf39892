using System.Text;
using System.Text.Json.Nodes;
using Kn.Cni.Plain;
using Kn.Hosting.Control;
using Kn.Linux.Namespaces;

namespace Kn.Cni.NetnsTests.Plain;

/// <summary>A host in a network namespace of its own, on which the plugin answers without an agent. Needs root.</summary>
public sealed class PlainHost : IDisposable
{
    private readonly List<string> _namespaces = [];
    private readonly NetworkNamespace _host;

    public PlainHost()
    {
        Name = $"kx{Guid.NewGuid():N}"[..10];
        _host = NetworkNamespace.Create(Name);
        _namespaces.Add(Name);
    }

    public string Name { get; }

    public string DataDirectory { get; } = Directory.CreateTempSubdirectory("kn-plain-").FullName;

    /// <summary>The reservations of the network 'mynet'.</summary>
    public string[] Reservations => Directory.Exists(DataDirectory + "/mynet")
        ? [.. Directory.GetFiles(DataDirectory + "/mynet").Select(static path => Path.GetFileName(path)!).Where(static name => char.IsAsciiHexDigit(name[0])).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>A configuration of type kn, with reservations in this host's directory.</summary>
    public JsonObject Config(string ipam = """{"type":"host-local","subnet":"10.10.0.0/16"}""", string more = "{}", string? version = "1.1.0")
    {
        var config = JsonNode.Parse(more)!.AsObject();
        if (version is not null)
        {
            config["cniVersion"] = version;
        }

        config["name"] ??= "mynet";
        config["type"] = "kn";
        config["ipam"] = JsonNode.Parse(ipam);
        config["ipam"]!["dataDir"] = DataDirectory;
        return config;
    }

    public string CreateContainer()
    {
        var name = $"kc{Guid.NewGuid():N}"[..12];
        NetworkNamespace.Create(name).Dispose();
        lock (_namespaces)
        {
            _namespaces.Add(name);
        }

        return name;
    }

    public static Dictionary<string, string> Environment(string command, string container, string? netns, string arguments = "", string ifname = "eth0")
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = container,
            ["CNI_IFNAME"] = ifname,
            ["CNI_ARGS"] = arguments,
            ["CNI_PATH"] = "/usr/lib/cni",
        };
        if (netns is not null)
        {
            environment["CNI_NETNS"] = $"/run/netns/{netns}";
        }

        return environment;
    }

    public CniAnswer Call(string command, JsonNode config, string container, string? netns, JsonNode? previous = null, string arguments = "", string ifname = "eth0")
    {
        config = config.DeepClone();
        if (previous is not null)
        {
            config["prevResult"] = previous.DeepClone();
        }

        var call = new ControlRequest("cni", Environment(command, container, netns, arguments, ifname), Encoding.UTF8.GetBytes(config.ToJsonString()));
        var response = Inside(() => PlainPlugin.Answer(call));
        return new CniAnswer(response.ExitCode, response.Body.IsEmpty ? null : JsonNode.Parse(response.Body.Span));
    }

    public T Inside<T>(Func<T> body) => _host.Run(body);

    public JsonNode Add(JsonNode config, string container, string netns, string arguments = "")
    {
        var answer = Call("ADD", config, container, netns, null, arguments);
        Assert.True(answer.ExitCode == 0, answer.Body?.ToJsonString());
        return answer.Body!;
    }

    public (string Namespace, JsonNode Result) Add(JsonNode config, string container)
    {
        var netns = CreateContainer();
        return (netns, Add(config, container, netns));
    }

    public void Delete(JsonNode config, string container, string? netns)
    {
        var answer = Call("DEL", config, container, netns);
        Assert.True(answer.ExitCode == 0, answer.Body?.ToJsonString());
    }

    /// <summary>Links, routes and tables beyond those of an empty namespace; and reservations.</summary>
    public async Task<string> LeftoversAsync()
    {
        var links = (await Run.JsonAsync($"ip -n {Name} -j link")).Select(static link => (string)link!["ifname"]!).Where(static name => name != "lo");
        return string.Join(",", links)
            + await Run.TextAsync($"ip -n {Name} route")
            + await Run.TextAsync($"ip netns exec {Name} nft list ruleset")
            + string.Join(",", Reservations);
    }

    /// <summary>A namespace beyond the host that knows the host only.</summary>
    public async Task<string> ConnectOutsideAsync()
    {
        var outside = CreateContainer();
        foreach (var command in (string[])
        [
            $"ip -n {Name} link set lo up",
            $"ip -n {Name} link add up0 type veth peer name eth0 netns {outside}",
            $"ip -n {Name} addr add 192.0.2.1/24 dev up0",
            $"ip -n {Name} addr add 2001:db8::1/64 dev up0 nodad",
            $"ip -n {Name} link set up0 up",
            $"ip -n {outside} addr add 192.0.2.2/24 dev eth0",
            $"ip -n {outside} addr add 2001:db8::2/64 dev eth0 nodad",
            $"ip -n {outside} link set eth0 up",
        ])
        {
            await Run.TextAsync(command);
        }

        return outside;
    }

    public void Dispose()
    {
        _host.Dispose();
        _namespaces.ForEach(NetworkNamespace.Remove);
        Directory.Delete(DataDirectory, recursive: true);
    }
}
