using System.Buffers.Binary;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.PortMaps;

/// <summary>Reads port mappings back from their elements, for those whose record was lost. Pure.</summary>
/// <remarks>A key is protocol (one byte) and port in four bytes each, behind an address where it is for one; the data is the container's address and
/// a port in four bytes (struct nft_set_elem: every field of a concatenation is padded to 32 bits).</remarks>
public static class PortMapReading
{
    private const int WordBytes = 4;

    /// <summary>The owners of elements: key, network, addresses and mappings. Elements are made from them again as they were.</summary>
    /// <remarks>Mappings of all addresses come back as one for each family. Elements with another comment than <see cref="PortMapOwner"/>'s, or with
    /// a shortened one, have no owner.</remarks>
    public static IReadOnlyList<Attachment> Owners(IEnumerable<PortMapElement> elements)
    {
        var owners = new List<Attachment>();
        foreach (var group in elements.GroupBy(static element => element.Element.Comment ?? "", StringComparer.Ordinal))
        {
            if (PortMapOwner.TryParse(group.Key, out var network, out var key))
            {
                owners.Add(Owner(network, key, group));
            }
        }

        return owners;
    }

    private static Attachment Owner(string network, AttachmentKey key, IEnumerable<PortMapElement> elements)
    {
        var addresses = new SortedSet<IpAddress>();
        var mappings = new List<PortMapping>();
        foreach (var (set, element) in elements)
        {
            if (PortMapSchema.FamilyOfMap(set) is { } family)
            {
                addresses.Add(AddressAt(element.Data.Bytes, family));
                mappings.Add(Mapping(family, element));
            }
        }

        return new Attachment { Key = key, Network = network, Addresses = addresses.ToValueList(), PortMappings = mappings.ToValueList(), IsComplete = true };
    }

    private static PortMapping Mapping(IpFamily family, NftElement element)
    {
        var key = element.Key.Bytes;
        var addressBytes = IpAddress.Any(family).ByteCount;
        var hasAddress = key.Length > 2 * WordBytes;
        var rest = hasAddress ? key[addressBytes..] : key;
        return new PortMapping(
            BinaryPrimitives.ReadUInt16BigEndian(rest[WordBytes..]),
            BinaryPrimitives.ReadUInt16BigEndian(element.Data.Bytes[addressBytes..]),
            (IpProtocol)rest[0],
            hasAddress ? AddressAt(key, family) : IpAddress.Any(family));
    }

    private static IpAddress AddressAt(ReadOnlySpan<byte> bytes, IpFamily family) => IpAddress.FromBytes(bytes[..IpAddress.Any(family).ByteCount]);
}
