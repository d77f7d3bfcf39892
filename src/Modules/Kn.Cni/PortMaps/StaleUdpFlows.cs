using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Linux.Conntrack;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.PortMaps;

/// <summary>Which UDP flows remember another state of a port mapping than the present one. Pure.</summary>
/// <remarks>A UDP client that keeps its port keeps its conntrack entry alive. One that sent before the mapping was there is never translated
/// (its entry says so), and one of a removed mapping is sent to a container that is gone (kubernetes/kubernetes#59033, #95258).
/// TCP and SCTP connections end by themselves.</remarks>
public static class StaleUdpFlows
{
    /// <summary>Flows that came before the mappings: for the port, and not translated.</summary>
    public static IReadOnlyList<ConntrackFilter> BeforeAdded(Attachment attachment) =>
        [.. Each(attachment, static (mapping, address) => ToPort(mapping, address) with { StatusNot = ConntrackStatus.DestinationNat | ConntrackStatus.SourceNat })];

    /// <summary>Flows that the mappings led to the container.</summary>
    public static IReadOnlyList<ConntrackFilter> AfterRemoved(Attachment attachment) =>
        [.. Each(attachment, static (mapping, address) => ToPort(mapping, address) with { ReplySource = IpPrefix.Of(address), ReplySourcePort = mapping.ContainerPort })];

    private static IEnumerable<ConntrackFilter> Each(Attachment attachment, Func<PortMapping, IpAddress, ConntrackFilter> filter) =>
        from mapping in attachment.PortMappings
        where mapping.Protocol == IpProtocol.Udp
        from address in attachment.Addresses
        where mapping.Covers(address.Family)
        select filter(mapping, address);

    private static ConntrackFilter ToPort(PortMapping mapping, IpAddress container) => new()
    {
        Family = container.Family,
        Protocol = (byte)IpProtocol.Udp,
        OriginalDestination = mapping.HostIp is { IsAny: false } host ? IpPrefix.Of(host) : null,
        OriginalDestinationPort = mapping.HostPort,
    };
}
