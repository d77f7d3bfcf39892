using System.Buffers.Binary;
using System.Globalization;
using Kn.Cni.Protocol;
using Kn.Linux.Nftables;

namespace Kn.Cni.Plain.Table;

/// <summary>What a table needs before a container's elements can be added. Pure.</summary>
internal static class PlainTableRepair
{
    /// <summary>Adds what is missing of the frame and of the subnets' chains, and takes away what a killed process left in the way.</summary>
    /// <param name="batch">Gets the operations.</param>
    /// <param name="table">What is there; null for nothing.</param>
    /// <param name="entry">The container.</param>
    /// <exception cref="CniException">Code 105: another container has one of the ports.</exception>
    internal static void Complete(NftBatch batch, NftTable? table, TableEntry entry)
    {
        if (table is null)
        {
            batch.AddWhole(PlainRules.Frame);
        }

        foreach (var chain in entry.Masqueraded.Select(static address => PlainRules.Beyond(address.Subnet)).DistinctBy(static chain => chain.Name, StringComparer.Ordinal))
        {
            if (table?.FindChain(chain.Name) is null)
            {
                batch.AddChain(PlainRules.Id, chain).AddRules(PlainRules.Id, chain.Name, chain.Rules.AsSpan());
            }
        }

        foreach (var address in entry.Masqueraded)
        {
            RemoveInTheWay(batch, table, PlainRules.Sources(address.Address.Family).Name, PlainRules.Element(address));
        }

        foreach (var port in entry.Ports)
        {
            RemoveInTheWay(batch, table, port.Set, port.Element);
        }
    }

    private static void RemoveInTheWay(NftBatch batch, NftTable? table, string set, NftElement wanted)
    {
        if (table?.FindSet(set) is not { } present || present.Elements.FirstOrDefault(element => element.Key == wanted.Key) is not { } held)
        {
            return;
        }

        // An address of ours is nobody else's, so whatever is in the map of addresses is old. A port may be somebody's.
        if (wanted.Comment is not null && held.Comment != wanted.Comment)
        {
            throw new CniException(CniErrorCode.HostPortTaken, $"the port {PortOf(held.Key)} is taken by another container", $"network, container and interface: {held.Comment}");
        }

        batch.DeleteElements(PlainRules.Id, present, [new NftElement(held.Key)]);
    }

    /// <summary>The keys of both maps end with the protocol and the port, four bytes each.</summary>
    private static string PortOf(NftValue key)
    {
        var tail = key.Bytes[^8..];
        return string.Create(CultureInfo.InvariantCulture, $"{BinaryPrimitives.ReadUInt16BigEndian(tail[4..])}/{PortMapping.NameOf((IpProtocol)tail[0])}");
    }
}
