using Kn.Cni.Attaching;
using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Plain.Table;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;

namespace Kn.Cni.Plain;

/// <summary>Removes what networks without an agent have on this host, for <c>kn cleanup</c>.</summary>
/// <remarks>Not a part of the module's own clean-up, which also happens when the agent starts with the module switched off: such a host may
/// well run containers that are none of the agent's business.</remarks>
public static class PlainCleanup
{
    /// <summary>Removes links, bridges and the table, and frees the addresses in the reference plugin's directory.</summary>
    /// <param name="dataDirectory">Where networks without a dataDir keep their reservations.</param>
    /// <returns>How many containers lost their interface.</returns>
    public static int Run(string dataDirectory = ReservationStore.DefaultDirectory)
    {
        using var nft = NftSocket.Open();
        new PlainTable(nft).RemoveAll();
        using var host = RouteSocket.Open();
        var links = host.ReadLinks().Where(static link => link.Group == LinkOwner.Plain.Group).ToList();
        host.RemoveLinksOfGroup(LinkOwner.Plain.Group);
        new PlainBridges(host).RemoveAll();
        File.Delete(PlainBridges.LockFile);
        foreach (var alias in links.Select(static link => link.Alias).OfType<string>())
        {
            Release(dataDirectory, alias);
        }

        return links.Count;
    }

    private static void Release(string dataDirectory, string alias)
    {
        var slash = alias.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || !Protocol.CniNames.IsNetworkName(alias[..slash]))
        {
            return;
        }

        using var store = ReservationStore.OpenExisting(dataDirectory, alias[..slash]);
        foreach (var reservation in store?.ReadAll() ?? [])
        {
            if (reservation.Owner.ContainerId == alias[(slash + 1)..])
            {
                store?.Release(reservation.Address);
            }
        }
    }
}
