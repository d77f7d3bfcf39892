namespace Kn.Lab.Cni;

/// <summary>What names one attachment to its plugins: the CNI_* variables.</summary>
internal sealed record CniAttachment
{
    /// <summary>CNI_CONTAINERID.</summary>
    public required string ContainerId { get; init; }

    /// <summary>CNI_NETNS: the path of the container's network namespace.</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>CNI_IFNAME.</summary>
    public string InterfaceName { get; init; } = "eth0";

    /// <summary>CNI_ARGS: NAME=VALUE pairs, split by semicolons.</summary>
    public string Arguments { get; init; } = "";

    /// <summary>The arguments that the kubelet's runtimes give for a pod.</summary>
    public static string PodArguments(string @namespace, string name, string uid, string containerId) =>
        $"IgnoreUnknown=1;K8S_POD_NAMESPACE={@namespace};K8S_POD_NAME={name};K8S_POD_INFRA_CONTAINER_ID={containerId};K8S_POD_UID={uid}";

    /// <summary>The environment of a plugin.</summary>
    public Dictionary<string, string> Environment(string command, string pluginFolder) => new(StringComparer.Ordinal)
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = ContainerId,
        ["CNI_NETNS"] = NetworkNamespace,
        ["CNI_IFNAME"] = InterfaceName,
        ["CNI_ARGS"] = Arguments,
        ["CNI_PATH"] = pluginFolder,
        ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    };
}
