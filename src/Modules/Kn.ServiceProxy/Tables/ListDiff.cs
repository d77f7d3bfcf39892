namespace Kn.ServiceProxy.Tables;

/// <summary>The difference between two states of one list, slot by slot. Pure.</summary>
internal static class ListDiff
{
    /// <summary>Writes what changes. All removals come first: a backend may move from one slot to another.</summary>
    public static void Write(TableEdit edit, ServiceList before, ServiceList after, string comment)
    {
        var longer = Math.Max(before.Slots.Count, after.Slots.Count);
        for (var slot = 0; slot < longer; slot++)
        {
            if (slot < before.Slots.Count && !Same(before, after, slot))
            {
                edit.Remove(PortElements.OfSlot(before, slot));
            }
        }

        for (var slot = 0; slot < after.Slots.Count; slot++)
        {
            if (!Same(before, after, slot))
            {
                edit.Add(PortElements.OfSlot(after, slot));
            }
        }

        if (before.Class != after.Class)
        {
            edit.Remove(ProxyElement.List(before.Number, before.Class, comment));
            edit.Add(ProxyElement.List(after.Number, after.Class, comment));
        }
    }

    private static bool Same(ServiceList before, ServiceList after, int slot) =>
        slot < before.Slots.Count && slot < after.Slots.Count
        && before.Slots[slot] == after.Slots[slot]
        && before.AffinitySeconds == 0 == (after.AffinitySeconds == 0);
}
