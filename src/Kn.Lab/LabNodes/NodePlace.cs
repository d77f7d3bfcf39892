using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.Lab.LabNodes;

/// <summary>A node of the lab: its names, its namespace and its folders.</summary>
internal sealed record NodePlace
{
    /// <summary>The lab's name, the prefix of its namespaces.</summary>
    public required string Lab { get; init; }

    /// <summary>The node's name in the API: node1.</summary>
    public required string Name { get; init; }

    /// <summary>The node's network namespace; the lab disposes it.</summary>
    public required NetworkNamespace Network { get; init; }

    /// <summary>Its addresses on the underlay, IPv4 first.</summary>
    public required IReadOnlyList<IpAddress> Addresses { get; init; }

    /// <summary>Holds everything of this node: config, state, logs.</summary>
    public required string Folder { get; init; }

    /// <summary>The name servers of pods.</summary>
    public required IReadOnlyList<IpAddress> ClusterDns { get; init; }

    /// <summary>The domain of Services.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The kn-lab program, for pod-init and echo.</summary>
    public required string Program { get; init; }

    /// <summary>Where network configurations are: the node's /etc/cni/net.d.</summary>
    public string CniConfigFolder => Path.Combine(Folder, "cni/net.d");

    /// <summary>Where plugins are: the node's /opt/cni/bin.</summary>
    public string CniPluginFolder { get; init; } = "";

    /// <summary>Where pods' files are.</summary>
    public string PodsFolder => Path.Combine(Folder, "pods");
}
