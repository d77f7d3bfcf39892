using Kn.Primitives;

namespace Kn.Routes.Bgp.Planning;

/// <summary>What a Node's annotations ask of BGP; what cannot be read is left out and told in <see cref="Faults"/>.</summary>
internal sealed record NodeAnnotations
{
    /// <summary>A Node without any.</summary>
    public static NodeAnnotations None { get; } = new();

    /// <summary><c>node.asn</c>: the node's own AS.</summary>
    public uint? Asn { get; init; }

    /// <summary><c>peers</c>, or <c>peer.ips</c> with <c>peer.asns</c>, <c>peer.ports</c>, <c>peer.passwords</c> and <c>peer.localips</c>.</summary>
    public ValueList<AnnotatedPeer> Peers { get; init; }

    /// <summary><c>rr.server</c>: the node reflects for this cluster.</summary>
    public uint? ReflectorCluster { get; init; }

    /// <summary><c>rr.client</c>: the node speaks with reflectors alone.</summary>
    public bool IsReflectorClient { get; init; }

    /// <summary><c>path-prepend.as</c>.</summary>
    public uint? PrependAs { get; init; }

    /// <summary><c>path-prepend.repeat-n</c>.</summary>
    public byte PrependTimes { get; init; }

    /// <summary><c>node.bgp.communities</c>: on everything that routers are told.</summary>
    public ValueList<string> Communities { get; init; }

    /// <summary><c>node.bgp.customimportreject</c>: nothing inside these prefixes is taken of routers.</summary>
    public ValueList<IpPrefix> ImportRejects { get; init; }

    /// <summary><c>bgp-local-addresses</c>: where the node listens; empty for what the config says.</summary>
    public ValueList<IpAddress> ListenAddresses { get; init; }

    /// <summary>What is wrong, a sentence each that begins with the annotation's name.</summary>
    public ValueList<string> Faults { get; init; }
}
