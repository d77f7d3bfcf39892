using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Plain;

/// <summary>A network without an agent: what its configuration says.</summary>
/// <remarks>The keys of the reference plugin <c>bridge</c> mean here what they mean there. A configuration that names a <c>bridge</c> gets the
/// reference plugin's defaults as well (no gateway, no masquerade, no hairpin), because it was written for them; all others get a network
/// that works: a default route, masquerade for what leaves the network, hairpin.</remarks>
public sealed record PlainNetwork
{
    /// <summary>The name of the network.</summary>
    public required string Name { get; init; }

    /// <summary>attachment.</summary>
    public AttachmentMode Attachment { get; init; }

    /// <summary>bridge: the name of the bridge; empty for a routed network.</summary>
    public string Bridge { get; init; } = "";

    /// <summary>isGateway: the host has the gateway's address, on the bridge.</summary>
    public bool IsGateway { get; init; }

    /// <summary>isDefaultGateway: containers get a default route by it.</summary>
    public bool IsDefaultGateway { get; init; }

    /// <summary>ipMasq: what leaves the network takes the host's address.</summary>
    public bool Masquerade { get; init; }

    /// <summary>hairpinMode: a container reaches itself by a published port. promiscMode, which serves the same end on other networks,
    /// counts as this.</summary>
    public bool Hairpin { get; init; }

    /// <summary>mtu; null for the underlay's.</summary>
    public uint? Mtu { get; init; }

    /// <summary>ipam.</summary>
    public required HostLocalOptions Ipam { get; init; }

    /// <summary>Routes inside the container: those of the configuration, and the default routes that follow from it.</summary>
    /// <param name="family">Of which family.</param>
    public IEnumerable<CniRoute> RoutesOf(IpFamily family)
    {
        var stated = (Ipam.Routes ?? default).Where(route => route.Destination.Family == family).ToList();
        var any = new IpPrefix(IpAddress.Any(family), 0);
        return IsDefaultGateway && stated.TrueForAll(route => route.Destination != any) ? stated.Prepend(new CniRoute(any)) : stated;
    }
}
