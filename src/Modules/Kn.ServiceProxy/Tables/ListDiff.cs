namespace Kn.ServiceProxy.Tables;

/// <summary>The difference between two states of one list, slot by slot. Pure.</summary>
internal static class ListDiff
{
    /// <summary>Writes what changes. All removals come first: a backend may move from one slot to another.</summary>
    public static void Write(TableEdit edit, ServiceList before, ServiceList after, string comment)
    {
        var (slotsBefore, slotsAfter) = (before.Slots(), after.Slots());
        var sameShape = before.AffinitySeconds == 0 == (after.AffinitySeconds == 0);
        for (var slot = 0; slot < slotsBefore.Count; slot++)
        {
            if (!sameShape || !Same(slotsBefore, slotsAfter, slot))
            {
                edit.Remove(PortElements.OfSlot(before, slot, slotsBefore[slot]));
            }
        }

        for (var slot = 0; slot < slotsAfter.Count; slot++)
        {
            if (!sameShape || !Same(slotsBefore, slotsAfter, slot))
            {
                edit.Add(PortElements.OfSlot(after, slot, slotsAfter[slot]));
            }
        }

        if (before.Class != after.Class)
        {
            edit.Remove(ProxyElement.List(before.Number, before.Class, comment));
            edit.Add(ProxyElement.List(after.Number, after.Class, comment));
        }
    }

    private static bool Same(IReadOnlyList<Slot> before, IReadOnlyList<Slot> after, int slot) =>
        slot < before.Count && slot < after.Count && before[slot] == after[slot];
}
