using Kn.Cni.Attaching;
using Kn.Cni.Protocol;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>An interface that Kn gave a container: what must be known to check it and to take it away.</summary>
/// <remarks>The link's name follows from the key, and so do MAC addresses unless one was asked for (<see cref="Attaching.PodLinkNames"/>).</remarks>
public sealed record Attachment
{
    /// <summary>Container and interface.</summary>
    public required AttachmentKey Key { get; init; }

    /// <summary>Name of the network in the CNI configuration.</summary>
    public string Network { get; init; } = "";

    /// <summary>Path of the container's network namespace as ADD had it.</summary>
    public string NamespacePath { get; init; } = "";

    /// <summary>The namespace's identity: a path such as /proc/PID/ns/net may lead to another one later. 0 in records of releases that did not
    /// write it.</summary>
    public ulong NamespaceInode { get; init; }

    /// <summary>When ADD came; null in records of releases that did not write it.</summary>
    public DateTimeOffset? AddedAt { get; init; }

    /// <summary>The pod, where the runtime named it.</summary>
    public ObjectKey? Pod { get; init; }

    /// <summary>The pod's UID; empty where the runtime did not give it.</summary>
    public string PodUid { get; init; } = "";

    /// <summary>The pod's addresses, one of each family, IPv4 first.</summary>
    public ValueList<IpAddress> Addresses { get; init; }

    /// <summary>Ports of the node that lead to the pod.</summary>
    public ValueList<PortMapping> PortMappings { get; init; }

    /// <summary>How fast the pod may receive and send; null without a limit.</summary>
    public BandwidthLimits? Bandwidth { get; init; }

    /// <summary>The pod's hardware address, where the runtime asked for one.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>The bridge that the pod is plugged into; empty for one with a route of its own.</summary>
    public string Bridge { get; init; } = "";

    /// <summary>The MTU that the CNI configuration stated; null where the pod follows the underlay's.</summary>
    public uint? Mtu { get; init; }

    /// <summary>Whether ADD got to its end. What a killed agent leaves half-made is undone at the next start.</summary>
    public bool IsComplete { get; init; }

    /// <summary>As other modules see it.</summary>
    internal AttachedPod ToPod() => new(Pod, PodUid, Addresses, PodLinkNames.HostLink(Key));
}
