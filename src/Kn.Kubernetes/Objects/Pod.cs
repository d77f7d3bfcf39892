using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>core/v1 Pod.</summary>
public sealed record Pod : KubernetesObject
{
    /// <summary>spec.nodeName; empty until scheduled.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>spec.hostNetwork.</summary>
    public bool HostNetwork { get; init; }

    /// <summary>spec.hostname.</summary>
    public string? Hostname { get; init; }

    /// <summary>spec.subdomain.</summary>
    public string? Subdomain { get; init; }

    /// <summary>status.podIPs, else status.podIP.</summary>
    public ValueList<IpAddress> PodIps { get; init; }

    /// <summary>status.phase: Pending, Running, Succeeded, Failed or Unknown.</summary>
    public string Phase { get; init; } = "";

    /// <summary>True when the condition Ready is "True".</summary>
    public bool Ready { get; init; }

    /// <summary>Ports of all containers, sidecars included, in order.</summary>
    public ValueList<ContainerPort> Ports { get; init; }
}

/// <summary>A port that a container declares.</summary>
public readonly record struct ContainerPort(string Name, IpProtocol Protocol, ushort Port, ushort HostPort);
