using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Plain.HostLocal;

/// <summary>Takes the addresses of a container from its network's range sets, all or none.</summary>
public static class AddressReservations
{
    /// <summary>Reserves one address of each range set.</summary>
    /// <param name="store">The network's reservations.</param>
    /// <param name="sets">The range sets.</param>
    /// <param name="owner">Whose they become.</param>
    /// <param name="asked">Addresses that must be among them; empty when any will do.</param>
    /// <exception cref="CniException">Code 102: none is left, or one asked for cannot be had; then nothing is reserved.</exception>
    public static ValueList<LocalAddress> Take(ReservationStore store, ValueList<RangeSet> sets, AttachmentKey owner, ValueList<IpAddress> asked)
    {
        var busy = store.ReadAddresses();
        var taken = new List<LocalAddress>();
        try
        {
            var left = asked.ToList();
            for (var index = 0; index < sets.Count; index++)
            {
                taken.Add(TakeOne(store, busy, (sets[index], index), owner, left));
            }

            return left.Count == 0 ? taken.ToValueList() : throw NotAvailable(left[0], "is in none of the network's ranges, or another address of its range was asked for as well");
        }
        catch
        {
            taken.ForEach(address => store.Release(address.Address));
            throw;
        }
    }

    private static LocalAddress TakeOne(ReservationStore store, IReadOnlySet<IpAddress> busy, (RangeSet Set, int Index) from, AttachmentKey owner, List<IpAddress> asked)
    {
        var found = TryTakeAsked(busy, from.Set, asked)
            ?? from.Set.After(store.LastOf(from.Index)).FirstOrDefault(candidate => !busy.Contains(candidate.Address))
            ?? FindOrphan(store, from.Set)
            ?? throw new CniException(CniErrorCode.AddressesExhausted, $"no free address is left in {from.Set}", $"all {from.Set.Size} are in use");
        store.Reserve(found.Address, owner, from.Index);
        return found;
    }

    private static LocalAddress? TryTakeAsked(IReadOnlySet<IpAddress> busy, RangeSet set, List<IpAddress> asked)
    {
        foreach (var wanted in asked)
        {
            if (set.Find(wanted) is { } found)
            {
                asked.Remove(wanted);
                return wanted == found.Gateway ? throw NotAvailable(wanted, "is the subnet's gateway")
                    : busy.Contains(wanted) ? throw NotAvailable(wanted, "is in use")
                    : found;
            }
        }

        return null;
    }

    /// <summary>An address whose file says nothing: its writer was killed, as the lock is ours, and nobody will ever free it.</summary>
    private static LocalAddress? FindOrphan(ReservationStore store, RangeSet set) => store.ReadAll()
        .Where(static reservation => reservation.Owner.ContainerId.Length == 0)
        .Select(reservation => set.Find(reservation.Address))
        .FirstOrDefault(static found => found is not null && found.Address != found.Gateway);

    private static CniException NotAvailable(IpAddress address, string reason) =>
        new(CniErrorCode.AddressesExhausted, $"the address {address} that was asked for {reason}");
}
