using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Protocol;
using Kn.Linux;
using Kn.Primitives;

namespace Kn.Cni.Plain;

/// <summary>GC of a network without an agent: what is reserved, linked or published for no container of the runtime's list goes.</summary>
internal static class PlainGarbage
{
    /// <summary>Removes every attachment of a network that is not among those to keep, and goes on after failures.</summary>
    /// <exception cref="CniException">Code 100: some could not be removed; all were tried.</exception>
    public static void Collect(PlainAttacher attacher, PlainNetwork network, IReadOnlySet<AttachmentKey> valid)
    {
        var failures = new List<string>();
        foreach (var (key, addresses) in FindGarbage(network, valid))
        {
            try
            {
                attacher.Remove(network, key, addresses);
            }
            catch (LinuxException error)
            {
                failures.Add($"{key}: {error.Message}");
            }
        }

        attacher.RemoveStrays(network, valid);
        if (failures.Count > 0)
        {
            throw new CniException(CniErrorCode.KernelRefused, $"{failures.Count} attachments could not be removed", string.Join("; ", failures));
        }
    }

    private static List<(AttachmentKey Key, ValueList<IpAddress> Addresses)> FindGarbage(PlainNetwork network, IReadOnlySet<AttachmentKey> valid)
    {
        using var store = ReservationStore.OpenExisting(network.Ipam.DataDirectory, network.Name);
        return (store?.ReadAll() ?? [])
            .Where(reservation => !valid.Any(reservation.BelongsTo))
            .GroupBy(static reservation => reservation.Owner, static reservation => reservation.Address)
            .Select(static group => (group.Key, group.ToValueList()))
            .ToList();
    }
}
