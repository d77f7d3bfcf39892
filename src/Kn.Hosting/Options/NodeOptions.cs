using System.Text.Json.Serialization;
using Kn.Primitives;

namespace Kn.Hosting.Options;

/// <summary>The part of the config that concerns all modules: the top level of the file, <c>paths</c> and <c>cluster</c>.</summary>
public sealed record NodeOptions
{
    /// <summary>This node's name in the API; default: the host's name in lower case, as the kubelet has it.</summary>
    public required string Name { get; init; }

    /// <summary>Where Kn keeps and finds files.</summary>
    public PathOptions Paths { get; init; } = new();

    /// <summary>What is the same on every node of the cluster.</summary>
    public ClusterOptions Cluster { get; init; } = new();
}

/// <summary>Section <c>paths</c>. The defaults are those of an installed node; a lab gives each node its own.</summary>
public sealed record PathOptions : IModuleOptions
{
    /// <summary>Durable state: address allocations, the cache's snapshot.</summary>
    public string State { get; init; } = "/var/lib/kn";

    /// <summary>What lives as long as the boot: the control socket kn.sock.</summary>
    public string Run { get; init; } = "/run/kn";

    /// <summary>Where the container runtime looks for CNI configurations.</summary>
    public string CniConfig { get; init; } = "/etc/cni/net.d";

    /// <summary>Where the container runtime looks for CNI plugins.</summary>
    public string CniPlugins { get; init; } = "/opt/cni/bin";

    /// <summary>The control socket.</summary>
    [JsonIgnore]
    public string Socket => Path.Combine(Run, "kn.sock");

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
        RequireAbsolute(errors, State, nameof(State));
        RequireAbsolute(errors, Run, nameof(Run));
        RequireAbsolute(errors, CniConfig, nameof(CniConfig));
        RequireAbsolute(errors, CniPlugins, nameof(CniPlugins));
        errors.Require(Socket.Length < 108, nameof(Run), "is too long: a socket's path has at most 107 bytes (unix(7))");
    }

    private static void RequireAbsolute(OptionErrors errors, string path, string property) =>
        errors.Require(Path.IsPathFullyQualified(path), property, $"'{path}' must be an absolute path");
}

/// <summary>Section <c>cluster</c>.</summary>
public sealed record ClusterOptions : IModuleOptions
{
    /// <summary>The prefixes that all podCIDRs are taken from (kubeadm's podSubnet). Empty: only the nodes' own podCIDRs are known to be pods.</summary>
    [JsonPropertyName("podCIDRs")]
    public ValueList<IpPrefix> PodCidrs { get; init; }

    /// <summary>The Service prefixes (kubeadm's serviceSubnet). Empty: those of the API's ServiceCIDR objects.</summary>
    [JsonPropertyName("serviceCIDRs")]
    public ValueList<IpPrefix> ServiceCidrs { get; init; }

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
    }
}
