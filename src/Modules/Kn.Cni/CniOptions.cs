using System.Text.Json.Serialization;
using Kn.Cni.Ipam;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Cni;

/// <summary>Pod network settings, config section <c>cni</c>.</summary>
public sealed record CniOptions : IModuleOptions
{
    /// <summary>Smallest MTU that IPv6 works with (RFC 8200 §5).</summary>
    public const uint MinMtu = 1280;

    /// <summary>Largest MTU of a veth (ETH_MAX_MTU, uapi/linux/if_ether.h).</summary>
    public const uint MaxMtu = 65535;

    /// <summary>MTU of pods' links; null (the default) takes the smallest of the links that have a default route, since a pod's packets
    /// leave by one of them, less what VXLAN takes where it is in use. Running pods follow.</summary>
    public uint? Mtu { get; init; }

    /// <summary>Whether pod traffic that leaves the cluster takes the node's address. Default true: pod addresses are rarely routed outside.</summary>
    public bool Masquerade { get; init; } = true;

    /// <summary>Destinations outside the cluster that are reached with the pod's own address: networks that have routes to the pods. Default none.</summary>
    [JsonPropertyName("nonMasqueradeCIDRs")]
    public ValueList<IpPrefix> NonMasqueradeCidrs { get; init; }

    /// <summary>How long ADD waits until every module that prepares the node for a new pod says that it did. Default 10 s: far beyond the
    /// milliseconds it takes, well below the kubelet's two minutes for a sandbox.</summary>
    public TimeSpan PodReadyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long ADD waits for the node's podCIDRs. Default 5 s: bridges the start of a node; the kubelet tries again anyway.</summary>
    public TimeSpan PodCidrTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How pods are joined to the node. Default routed: no broadcast domain, and no pod can claim another's address. A change holds for
    /// new pods; running ones keep what they have.</summary>
    public AttachmentMode Attachment { get; init; }

    /// <summary>The bridge, for <c>attachment: bridge</c>.</summary>
    public BridgeOptions Bridge { get; init; } = new();

    /// <summary>How pods get their addresses.</summary>
    public IpamOptions Ipam { get; init; } = new();

    /// <summary>Whether Kn's own program is installed as the CNI plugin <c>kn</c> in <c>paths.cniPlugins</c>. Default true; false where a
    /// package has put it there.</summary>
    public bool InstallPlugin { get; init; } = true;

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
        errors.Require(Mtu is null or (>= MinMtu and <= MaxMtu), nameof(Mtu), $"must be from {MinMtu} to {MaxMtu}");
        Ipam.Validate(errors, nameof(Ipam));
        Bridge.Validate(errors);
        errors.Require(PodReadyTimeout > TimeSpan.Zero, nameof(PodReadyTimeout), "must be longer than zero");
        errors.Require(PodCidrTimeout > TimeSpan.Zero, nameof(PodCidrTimeout), "must be longer than zero");
    }
}
