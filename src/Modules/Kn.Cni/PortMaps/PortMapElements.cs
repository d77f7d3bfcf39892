using Kn.Cni.Protocol;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.PortMaps;

/// <summary>The elements that a container's mappings are made of. Pure.</summary>
public static class PortMapElements
{
    /// <summary>The elements: for each family that the container has an address of, one a mapping and one for reaching itself.</summary>
    /// <param name="owner">The comment (<see cref="PortMapOwner"/>).</param>
    /// <param name="addresses">The container's; of each family the first counts.</param>
    /// <param name="mappings">Its mappings.</param>
    public static IReadOnlyList<PortMapElement> Of(string owner, ValueList<IpAddress> addresses, ValueList<PortMapping> mappings)
    {
        var elements = new List<PortMapElement>();
        foreach (var address in addresses.DistinctBy(static address => address.Family))
        {
            var before = elements.Count;
            foreach (var mapping in mappings)
            {
                if (mapping.Covers(address.Family))
                {
                    elements.Add(Mapping(owner, address, mapping));
                }
            }

            if (elements.Count > before)
            {
                elements.Add(new PortMapElement(PortMapSchema.Hairpin(address.Family).Name, new NftElement(Concat(address).Add(address).ToValue()) { Comment = owner }));
            }
        }

        return elements;
    }

    /// <summary>A mapping of one address of the node that the container cannot serve, having no address of its family; null when there is none.</summary>
    public static PortMapping? FindUnservable(ValueList<IpAddress> addresses, ValueList<PortMapping> mappings) =>
        mappings.FirstOrDefault(mapping => mapping.HostIp is { IsAny: false } host && !addresses.Any(address => address.Family == host.Family));

    /// <summary>Whether processes of the node may come from 127.0.0.1, so that its link needs route_localnet.</summary>
    public static bool UsesLoopback(ValueList<IpAddress> addresses, ValueList<PortMapping> mappings) =>
        addresses.Any(static address => address.Family == IpFamily.V4)
        && mappings.Any(static mapping => mapping.HostIp is null or { Family: IpFamily.V4, IsAny: true } or { Family: IpFamily.V4, IsLoopback: true });

    private static PortMapElement Mapping(string owner, IpAddress container, PortMapping mapping)
    {
        var target = Concat(container).AddPort(mapping.ContainerPort).ToValue();
        if (mapping.HostIp is { IsAny: false } host)
        {
            var key = Concat(host).Add(mapping.Protocol).AddPort(mapping.HostPort).ToValue();
            return new PortMapElement(PortMapSchema.HostIps(container.Family).Name, new NftElement(key, target) { Comment = owner });
        }

        var port = new NftValueWriter(new byte[NftValueWriter.MaxBytes]).Add(mapping.Protocol).AddPort(mapping.HostPort).ToValue();
        return new PortMapElement(PortMapSchema.HostPorts(container.Family).Name, new NftElement(port, target) { Comment = owner });
    }

    private static NftValueWriter Concat(IpAddress first) => new NftValueWriter(new byte[NftValueWriter.MaxBytes]).Add(first);
}
