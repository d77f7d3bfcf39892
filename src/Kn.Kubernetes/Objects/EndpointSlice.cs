using Kn.Primitives;

namespace Kn.Kubernetes.Objects;

/// <summary>discovery.k8s.io/v1 EndpointSlice. Slices of addressType FQDN have no endpoints here.</summary>
public sealed record EndpointSlice : KubernetesObject
{
    /// <summary>Label kubernetes.io/service-name; empty when the slice belongs to no Service.</summary>
    public string ServiceName { get; init; } = "";

    /// <summary>addressType IPv4 or IPv6; null for FQDN.</summary>
    public IpFamily? Family { get; init; }

    /// <summary>Ports that every endpoint of the slice serves.</summary>
    public ValueList<EndpointPort> Ports { get; init; }

    /// <summary>The endpoints.</summary>
    public ValueList<Endpoint> Endpoints { get; init; }

    /// <summary>When the change that the last write tells of began: annotation endpoints.kubernetes.io/last-change-trigger-time.</summary>
    public ChangeMoment Triggered { get; init; }

    /// <summary>The Service that the slice belongs to; null when its label is missing.</summary>
    public ObjectKey? Service => ServiceName.Length == 0 ? null : new ObjectKey(Metadata.Namespace, ServiceName);
}

/// <summary>A port of an EndpointSlice.</summary>
/// <param name="Name">Matches the name of a Service port; empty for the single unnamed one.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Port">Null stands for all ports.</param>
public readonly record struct EndpointPort(string Name, IpProtocol Protocol, ushort? Port);

/// <summary>An endpoint: one pod, or one host behind a Service without selector.</summary>
public sealed record Endpoint
{
    /// <summary>The first address; the API says that consumers use no other.</summary>
    public IpAddress Address { get; init; }

    /// <summary>conditions.ready, where absent means true.</summary>
    public bool Ready { get; init; } = true;

    /// <summary>conditions.serving, where absent means the same as ready.</summary>
    public bool Serving { get; init; } = true;

    /// <summary>conditions.terminating, where absent means false.</summary>
    public bool Terminating { get; init; }

    /// <summary>hostname, for DNS.</summary>
    public string? Hostname { get; init; }

    /// <summary>nodeName.</summary>
    public string? NodeName { get; init; }

    /// <summary>zone.</summary>
    public string? Zone { get; init; }

    /// <summary>hints.forZones[].name.</summary>
    public ValueList<string> ForZones { get; init; }

    /// <summary>hints.forNodes[].name.</summary>
    public ValueList<string> ForNodes { get; init; }

    /// <summary>targetRef of kind Pod.</summary>
    public ObjectKey? Pod { get; init; }
}
