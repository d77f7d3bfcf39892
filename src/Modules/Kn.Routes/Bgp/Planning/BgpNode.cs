using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Kn.Routes.Bgp.Options;

namespace Kn.Routes.Bgp.Planning;

/// <summary>A node as BGP sees it.</summary>
/// <param name="Node">Its object.</param>
/// <param name="Annotations">What it asks for.</param>
/// <param name="Asn">Its AS.</param>
/// <param name="IsLabelled">Whether it has the reflectors' label: then all nodes without are clients.</param>
internal sealed record BgpNode(Node Node, NodeAnnotations Annotations, uint Asn, bool IsLabelled)
{
    public string Name => Node.Metadata.Name;

    /// <summary>Whether it reflects routes.</summary>
    public bool IsReflector => IsLabelled || Annotations.ReflectorCluster is not null;

    /// <summary>The node of that object.</summary>
    public static BgpNode Of(Node node, BgpOptions options)
    {
        var annotations = NodeAnnotationReader.Read(node);
        var isLabelled = node.Metadata.Labels.TryGetValue(options.RouteReflector.Label, out var value) && value != "false";
        return new BgpNode(node, annotations, annotations.Asn ?? options.NodeAsn, isLabelled);
    }

    /// <summary>The first InternalIP of a family; null when there is none.</summary>
    public IpAddress? AddressOf(IpFamily family)
    {
        foreach (var address in Node.InternalIps)
        {
            if (address.Family == family && !address.IsAny && !address.IsLoopback && !address.IsLinkLocal)
            {
                return address;
            }
        }

        return null;
    }

    /// <summary>Whether the node is on its way out: drained, or its machine is about to go.</summary>
    public Departure Departure =>
        Node.Metadata.DeletionTimestamp is not null || Node.TaintKeys.Any(LeavingTaints.Contains) ? Departure.Leaving
        : Node.Unschedulable ? Departure.Draining
        : Departure.None;

    /// <summary>Taints that say so: of Kubernetes for machines that are off, of the cluster autoscaler, and ours for everybody else.</summary>
    private static readonly string[] LeavingTaints =
    [
        "node.kubernetes.io/out-of-service",
        "node.cloudprovider.kubernetes.io/shutdown",
        "ToBeDeletedByClusterAutoscaler",
        "kn.internal/leaving",
    ];
}

/// <summary>How far a node is on its way out.</summary>
internal enum Departure
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>No new pods: peers are asked to prefer other nodes for Service addresses (RFC 8326).</summary>
    Draining,

    /// <summary>It goes: Service addresses are withdrawn, peers are asked to prefer other ways for the rest.</summary>
    Leaving,
}
