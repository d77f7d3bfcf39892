using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Cni;
using Kn.Lab.LabNodes;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Lab.Kubelet;

/// <summary>A pod's place on the node: its network namespace, attached by CNI, and its files. Made once a pod, by <see cref="CreateAsync"/>.</summary>
internal sealed class PodSandbox
{
    private readonly NodePlace _node;
    private readonly CniNetwork? _network;
    private readonly CniAttachment? _attachment;
    private readonly Dictionary<string, JsonNode> _runtime = new(StringComparer.Ordinal);
    private JsonObject? _result;

    private PodSandbox(NodePlace node, JsonObject pod, CniNetwork? network)
    {
        _node = node;
        _network = network;
        NamespaceName = $"{node.Lab}-pod-{ShortUid(pod)}";
        Folder = Path.Combine(node.PodsFolder, pod.Uid());
        if (network is null)
        {
            NetworkPath = node.Network.Path;
            Addresses = node.Addresses;
            return;
        }

        NetworkPath = "/run/netns/" + NamespaceName;
        var containerId = Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N");
        _attachment = new CniAttachment
        {
            ContainerId = containerId,
            NetworkNamespace = NetworkPath,
            Arguments = CniAttachment.PodArguments(pod.Namespace(), pod.Name(), pod.Uid(), containerId),
        };
        if (PortMappings(pod) is { Count: > 0 } mappings)
        {
            _runtime["portMappings"] = mappings;
        }
    }

    /// <summary>The name under /run/netns.</summary>
    public string NamespaceName { get; }

    /// <summary>Path of the namespace that the pod's programs run in: the node's for hostNetwork.</summary>
    public string NetworkPath { get; }

    /// <summary>The pod's addresses, primary first.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; private set; } = [];

    /// <summary>Holds the pod's etc files and logs.</summary>
    public string Folder { get; }

    /// <summary>The folder that <see cref="Sandbox.SandboxSpec.EtcFolder"/> takes.</summary>
    public string EtcFolder => Path.Combine(Folder, "etc");

    /// <summary>Makes the namespace, has CNI attach it, writes the files. Undoes itself when it fails.</summary>
    /// <exception cref="CniException">The network plugin refused; to be tried again.</exception>
    /// <exception cref="InvalidDataException">No network configuration that can be read; to be tried again.</exception>
    public static async Task<PodSandbox> CreateAsync(NodePlace node, JsonObject pod, CancellationToken cancellationToken)
    {
        var isHostNetwork = pod.Flag("spec", "hostNetwork") ?? false;
        var network = isHostNetwork
            ? null
            : CniNetwork.FindFirst(node.CniConfigFolder) ?? throw new InvalidDataException($"no network configuration in {node.CniConfigFolder} yet");
        var sandbox = new PodSandbox(node, pod, network);
        try
        {
            await sandbox.AttachAsync(cancellationToken);
            sandbox.WriteFiles(pod);
            return sandbox;
        }
        catch
        {
            await sandbox.TryRemoveAsync();
            throw;
        }
    }

    /// <summary>Detaches by CNI DEL, removes the namespace and the files. May be repeated.</summary>
    /// <exception cref="CniException">The plugin refused DEL; the namespace is still there, to be tried again.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        if (_network is not null && _attachment is not null)
        {
            await new CniRuntime(_node.Network, _node.CniPluginFolder).DeleteAsync(_network, _attachment, _result, _runtime, cancellationToken);
            NetworkNamespace.Remove(NamespaceName);
        }

        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <summary>The first group of the uid: enough to tell pods apart in <c>ip netns</c>.</summary>
    public static string ShortUid(JsonObject pod) => pod.Uid().Split('-')[0];

    private async Task AttachAsync(CancellationToken cancellationToken)
    {
        if (_network is null || _attachment is null)
        {
            return;
        }

        NetworkNamespace.Remove(NamespaceName);
        using (var made = NetworkNamespace.Create(NamespaceName))
        {
            // Runtimes leave lo to the plugins; without it a pod could not speak to itself, so the lab does what CRI-O and containerd do.
            LoopbackLink.Up(made);
        }

        _result = await new CniRuntime(_node.Network, _node.CniPluginFolder).AddAsync(_network, _attachment, _runtime, cancellationToken);
        Addresses = CniResult.Addresses(_result);
        if (Addresses.Count == 0)
        {
            throw new InvalidDataException($"the network plugin gave {NamespaceName} no address");
        }
    }

    private async Task TryRemoveAsync()
    {
        try
        {
            await RemoveAsync(CancellationToken.None);
        }
        catch (CniException)
        {
            // The error of ADD is the one to report; DEL of the next attempt's failure tries again.
            NetworkNamespace.Remove(NamespaceName);
        }
    }

    private void WriteFiles(JsonObject pod)
    {
        Directory.CreateDirectory(EtcFolder);
        File.WriteAllText(Path.Combine(EtcFolder, "hostname"), PodText.Hostname(pod) + "\n");
        File.WriteAllText(Path.Combine(EtcFolder, "hosts"), PodText.Hosts(pod, Addresses, _node.ClusterDomain));
        var ofHost = File.Exists("/etc/resolv.conf") ? File.ReadAllText("/etc/resolv.conf") : "";
        File.WriteAllText(Path.Combine(EtcFolder, "resolv.conf"), PodText.ResolvConf(pod, _node.ClusterDns, _node.ClusterDomain, ofHost));
    }

    // The capability portMappings, as kubelet's runtimes fill it: containers' hostPorts.
    private static JsonArray PortMappings(JsonObject pod)
    {
        var mappings = new JsonArray();
        foreach (var port in pod.Maps("spec", "containers").SelectMany(static container => container.Maps("ports")))
        {
            if (port.Number("hostPort") is > 0 and var hostPort)
            {
                mappings.Add((JsonNode?)new JsonObject
                {
                    ["hostPort"] = hostPort,
                    ["containerPort"] = port.Number("containerPort"),
                    ["protocol"] = (port.Text("protocol") ?? "TCP").ToLowerInvariant(),
                    ["hostIP"] = port.Text("hostIP") ?? "",
                });
            }
        }

        return mappings;
    }
}
