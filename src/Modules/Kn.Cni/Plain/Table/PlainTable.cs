using Kn.Cni.Plain.HostLocal;
using Kn.Cni.PortMaps;
using Kn.Cni.Protocol;
using Kn.Linux;
using Kn.Linux.Netlink;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Plain.Table;

/// <summary>Keeps the table <c>inet kn-plain</c>: made for the first container that needs it, gone with the last.</summary>
/// <remarks>Many plugin processes do this at once and share nothing but the table. What has to be read before it can be changed is changed
/// only if the ruleset is still of the generation that was read, and else read again.</remarks>
/// <param name="socket">Opened in the host's namespace.</param>
public sealed class PlainTable(NftSocket socket)
{
    /// <summary>How often a change is tried while others change the ruleset. Each try is about a millisecond.</summary>
    private const int MostAttempts = 1000;

    private readonly PortMapTable _ports = new(socket, PlainRules.Id);

    /// <summary>Adds a container.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    /// <exception cref="CniException">Code 105: another container has one of the ports.</exception>
    public void Add(TableEntry entry)
    {
        // Nearly always table and chain are there. A transaction that fails costs as much as a container (the kernel waits for readers),
        // so none is begun that is known to fail.
        if (!entry.IsEmpty && !(Exists() && TryAdd(entry)))
        {
            Change((table, batch) =>
            {
                PlainTableRepair.Complete(batch, table, entry);
                AddElements(batch, entry);
            });
        }
    }

    /// <summary>Removes a container. Absent is success.</summary>
    /// <param name="owner">The comment of its ports (<see cref="PortMapOwner"/>).</param>
    /// <param name="addresses">Its addresses.</param>
    /// <returns>Whether it had ports.</returns>
    /// <exception cref="NftException">The kernel refused.</exception>
    public bool Remove(string owner, ValueList<IpAddress> addresses)
    {
        while (Exists())
        {
            var masqueraded = addresses.Where(IsMasqueraded).ToList();
            var ports = _ports.Read().Where(element => element.Element.Comment == owner).ToList();
            var batch = new NftBatch();
            foreach (var address in masqueraded)
            {
                batch.DeleteElements(PlainRules.Id, PlainRules.Sources(address.Family), [PlainRules.KeyOf(address)]);
            }

            PortMapTable.Delete(batch, PlainRules.Id, ports);
            try
            {
                socket.Apply(batch);
                return ports.Count > 0;
            }
            catch (NftException error) when (error.Errno == Errno.ENOENT)
            {
                // Somebody else was quicker; what is left is read again.
            }
        }

        return false;
    }

    /// <summary>Removes the ports of a network's containers but those to keep.</summary>
    /// <param name="network">The network.</param>
    /// <param name="kept">Comments of ports.</param>
    public void RemovePorts(string network, IReadOnlySet<string> kept) =>
        _ports.RemoveWhere(element => element.Element.Comment is { } owner && owner.StartsWith(PortMapOwner.PrefixOf(network), StringComparison.Ordinal) && !kept.Contains(owner));

    /// <summary>Removes what no container needs any more; the whole table when there is none.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    public void RemoveUnused() => Change(static (table, batch) =>
    {
        if (table is null)
        {
            return;
        }

        if (PlainRules.IsEmpty(table))
        {
            batch.DeleteTable(PlainRules.Id);
            return;
        }

        foreach (var chain in PlainRules.Unused(table))
        {
            batch.DeleteChain(PlainRules.Id, chain);
        }
    });

    /// <summary>What of a container is missing.</summary>
    public IReadOnlyList<string> FindMissing(TableEntry entry)
    {
        var table = socket.ReadTable(PlainRules.Id.Family, PlainRules.Id.Name);
        return
        [
            .. entry.Masqueraded.Where(address => !Has(table, PlainRules.Sources(address.Address.Family).Name, PlainRules.Element(address)))
                .Select(static address => $"{address.Address} is not masqueraded"),
            .. entry.Ports.Where(port => !Has(table, port.Set, port.Element)).Select(static port => $"the published port {port.Element.Key} is missing"),
        ];
    }

    /// <summary>Removes the table.</summary>
    public void RemoveAll() => socket.Apply(new NftBatch().RemoveTable(PlainRules.Id));

    internal static bool Has(NftTable? table, string set, NftElement wanted) =>
        table?.FindSet(set)?.Elements.Any(element => element.Key == wanted.Key && element.Data == wanted.Data && element.Verdict == wanted.Verdict) == true;

    private bool Exists() => socket.ReadTables().Any(static table => table.Id == PlainRules.Id);

    private bool IsMasqueraded(IpAddress address)
    {
        try
        {
            var key = NftValue.Of(address);
            return socket.ReadElements(PlainRules.Id, PlainRules.Sources(address.Family)).Any(element => element.Key == key);
        }
        catch (NetlinkException error) when (error.Errno == Errno.ENOENT)
        {
            return false;
        }
    }

    private bool TryAdd(TableEntry entry)
    {
        try
        {
            var batch = new NftBatch();
            AddElements(batch, entry);
            socket.Apply(batch);
            return true;
        }
        catch (NftException error) when (error.Errno is Errno.ENOENT or Errno.EEXIST)
        {
            // No table, no such chain, or elements in the way: somebody else's port, or what a killed process left behind.
            return false;
        }
    }

    private static void AddElements(NftBatch batch, TableEntry entry)
    {
        foreach (var address in entry.Masqueraded)
        {
            batch.AddElements(PlainRules.Id, PlainRules.Sources(address.Address.Family), [PlainRules.Element(address)]);
        }

        PortMapTable.Add(batch, PlainRules.Id, entry.Ports.AsEnumerable());
    }

    private void Change(Action<NftTable?, NftBatch> plan)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var table = socket.ReadTable(PlainRules.Id.Family, PlainRules.Id.Name, out var generation);
            var batch = new NftBatch { ExpectedGeneration = generation };
            plan(table, batch);
            if (socket.Apply(batch) == NftOutcome.Applied)
            {
                return;
            }
        }

        throw new CniException(CniErrorCode.TryAgainLater, $"the ruleset of nftables changes all the time: {PlainRules.Id} could not be changed");
    }
}

/// <summary>What a container has in the table.</summary>
/// <param name="Masqueraded">Addresses whose traffic beyond their subnets takes the host's address.</param>
/// <param name="Ports">Elements of its published ports.</param>
public sealed record TableEntry(ValueList<LocalAddress> Masqueraded, ValueList<PortMapElement> Ports)
{
    /// <summary>Whether it needs no table.</summary>
    public bool IsEmpty => Masqueraded.IsEmpty && Ports.IsEmpty;
}
