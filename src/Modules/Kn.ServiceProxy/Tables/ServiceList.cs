using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>A list as it stands in the kernel: its number and its endpoints, in the order of their slots where each has one.</summary>
/// <param name="Number">The list's number; never used for another list while the table lives.</param>
/// <param name="Class">Number of its class.</param>
/// <param name="AffinitySeconds">0 for no affinity.</param>
/// <param name="DropsWhenEmpty">What an empty list does.</param>
/// <param name="Endpoints">The endpoints, each once; without a hash, slot n is the one that the number n chooses.</param>
/// <param name="Method">How one is chosen.</param>
internal sealed record ServiceList(
    uint Number, uint Class, int AffinitySeconds, bool DropsWhenEmpty, ValueList<Slot> Endpoints, BalanceMethod Method = BalanceMethod.Random)
{
    /// <summary>The list in the plan's terms.</summary>
    public EndpointList ToPiece() =>
        new(Endpoints.Select(static slot => slot.Endpoint).Order().ToValueList(), DropsWhenEmpty, AffinitySeconds, Method);

    /// <summary>True when the class is one that the list would get.</summary>
    public bool IsPlausible => Endpoints.IsEmpty
        ? BalanceClass.IsEmpty(Class)
        : !BalanceClass.IsEmpty(Class) && (Class & ushort.MaxValue) == HashSlots.Count(Method, Endpoints.Count);

    /// <summary>What each slot leads to. A hash wants many slots: they are computed, not kept.</summary>
    public IReadOnlyList<Slot> Slots() => HashSlots.Of(Method, Endpoints);

    /// <summary>Puts the wanted endpoints into slots with as few changes as can be: those that stay keep their slot, new ones fill
    /// the holes and then the end, and the last ones move into holes that are left.</summary>
    /// <param name="slots">The slots before.</param>
    /// <param name="wanted">The endpoints, each once.</param>
    public static Slot[] Arrange(ValueList<Slot> slots, ValueList<EndpointAddress> wanted)
    {
        var missing = new HashSet<EndpointAddress>(wanted);
        var arranged = new List<Slot>(wanted.Count);
        var holes = new Queue<int>();
        for (var i = 0; i < slots.Count; i++)
        {
            if (!missing.Remove(slots[i].Endpoint))
            {
                holes.Enqueue(i);
            }

            arranged.Add(slots[i]);
        }

        foreach (var endpoint in wanted)
        {
            if (!missing.Contains(endpoint))
            {
                continue;
            }

            if (holes.TryDequeue(out var hole))
            {
                arranged[hole] = new Slot(endpoint);
            }
            else
            {
                arranged.Add(new Slot(endpoint));
            }
        }

        CloseHoles(arranged, holes);
        return [.. arranged];
    }

    /// <summary>From the last hole backwards: a hole at the end just goes, another takes the last slot, which is then no hole.</summary>
    private static void CloseHoles(List<Slot> slots, Queue<int> holes)
    {
        foreach (var hole in holes.Reverse())
        {
            slots[hole] = slots[^1];
            slots.RemoveAt(slots.Count - 1);
        }
    }
}

/// <summary>A slot of a list.</summary>
/// <param name="Endpoint">Who is chosen.</param>
/// <param name="Backend">With affinity, the number that clients remember; 0 without, and for a backend that has none yet.</param>
/// <param name="OnNode">Whether this Service port takes the endpoint to be on this node. Slices of two Services may contradict each
/// other about an address, so it is kept with each slot and not only once in <c>hairpin</c>.</param>
internal readonly record struct Slot(EndpointAddress Endpoint, uint Backend = 0, bool OnNode = false);
