using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Protocol;
using Kn.Linux;
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

    /// <summary>Masquerades what these addresses send beyond their subnets.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    public void Masquerade(ValueList<LocalAddress> addresses)
    {
        // Nearly always table and chain are there.
        if (!TryAdd(addresses))
        {
            Change((table, batch) =>
            {
                Complete(batch, table, addresses);
                AddElements(batch, addresses);
            });
        }
    }

    /// <summary>Forgets these addresses. Absent is success.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    public void Forget(ValueList<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            try
            {
                socket.Apply(new NftBatch().DeleteElements(PlainRules.Id, PlainRules.Sources(address.Family), [PlainRules.KeyOf(address)]));
            }
            catch (NftException error) when (error.Errno == Errno.ENOENT)
            {
                // Not masqueraded, or the table is gone.
            }
        }
    }

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

    /// <summary>Which of these addresses are not masqueraded.</summary>
    public ValueList<IpAddress> FindMissing(ValueList<LocalAddress> addresses)
    {
        var table = socket.ReadTable(PlainRules.Id.Family, PlainRules.Id.Name);
        return addresses
            .Where(address => table?.FindSet(PlainRules.Sources(address.Address.Family).Name)?.Elements.Any(element => element.Key == NftValue.Of(address.Address)) != true)
            .Select(static address => address.Address).ToValueList();
    }

    /// <summary>Removes the table.</summary>
    public void Remove() => socket.Apply(new NftBatch().RemoveTable(PlainRules.Id));

    private bool TryAdd(ValueList<LocalAddress> addresses)
    {
        try
        {
            var batch = new NftBatch();
            AddElements(batch, addresses);
            socket.Apply(batch);
            return true;
        }
        catch (NftException error) when (error.Errno is Errno.ENOENT or Errno.EEXIST)
        {
            // No table, no such chain, or an element that somebody killed left behind with another subnet's chain.
            return false;
        }
    }

    /// <summary>Adds what is missing of the frame and of the subnets' chains, and takes away elements in the way.</summary>
    private static void Complete(NftBatch batch, NftTable? table, ValueList<LocalAddress> addresses)
    {
        if (table is null)
        {
            batch.AddWhole(PlainRules.Frame);
        }

        foreach (var chain in addresses.Select(static address => PlainRules.Beyond(address.Subnet)).DistinctBy(static chain => chain.Name, StringComparer.Ordinal))
        {
            if (table?.FindChain(chain.Name) is null)
            {
                batch.AddChain(PlainRules.Id, chain).AddRules(PlainRules.Id, chain.Name, chain.Rules.AsSpan());
            }
        }

        foreach (var address in addresses)
        {
            var set = PlainRules.Sources(address.Address.Family);
            if (table?.FindSet(set.Name)?.Elements.Any(element => element.Key == NftValue.Of(address.Address)) == true)
            {
                batch.DeleteElements(PlainRules.Id, set, [PlainRules.KeyOf(address.Address)]);
            }
        }
    }

    private static void AddElements(NftBatch batch, ValueList<LocalAddress> addresses)
    {
        foreach (var address in addresses)
        {
            batch.AddElements(PlainRules.Id, PlainRules.Sources(address.Address.Family), [PlainRules.Element(address)]);
        }
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
