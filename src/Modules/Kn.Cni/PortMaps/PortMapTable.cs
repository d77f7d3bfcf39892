using Kn.Linux;
using Kn.Linux.Netlink;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.PortMaps;

/// <summary>The elements of port mappings in a table that has the sets of <see cref="PortMapSchema"/>. Keeps no state; every change is one
/// transaction. As safe for use by many threads as the kernel is: two callers never see half of a change.</summary>
/// <param name="socket">Opened in the node's network namespace; the caller disposes it.</param>
/// <param name="table">The table.</param>
public sealed class PortMapTable(NftSocket socket, NftTableId table)
{
    private static readonly Dictionary<string, NftSet> Sets = PortMapSchema.PerContainer.ToDictionary(static set => set.Name, StringComparer.Ordinal);

    /// <summary>Adds elements; those that are there with the same data are left alone.</summary>
    /// <exception cref="NftException">EEXIST: an element leads elsewhere. ENOENT: there is no such table.</exception>
    public void Add(IEnumerable<PortMapElement> elements)
    {
        var batch = new NftBatch();
        Add(batch, table, elements);
        socket.Apply(batch);
    }

    /// <summary>Removes elements. What is not there is no error.</summary>
    public void Remove(IReadOnlyList<PortMapElement> elements)
    {
        try
        {
            var batch = new NftBatch();
            Delete(batch, table, elements);
            socket.Apply(batch);
        }
        catch (NftException error) when (error.Errno == Errno.ENOENT)
        {
            // Somebody else removed some of them, or the table.
            RemoveWhere(present => elements.Any(element => element.Set == present.Set && element.Element.Key == present.Element.Key && element.Element.Comment == present.Element.Comment));
        }
    }

    /// <summary>Removes every element of an owner (<see cref="PortMapOwner"/>), without other knowledge.</summary>
    public void RemoveOwner(string owner) => RemoveWhere(element => element.Element.Comment == owner);

    /// <summary>Removes the elements that a question is answered with yes for. No table is no error.</summary>
    /// <returns>What was removed.</returns>
    public IReadOnlyList<PortMapElement> RemoveWhere(Func<PortMapElement, bool> isUnwanted)
    {
        while (true)
        {
            var unwanted = Read().Where(isUnwanted).ToList();
            try
            {
                var batch = new NftBatch();
                Delete(batch, table, unwanted);
                socket.Apply(batch);
                return unwanted;
            }
            catch (NftException error) when (error.Errno == Errno.ENOENT)
            {
                // Somebody else was quicker; what is left is read again.
            }
        }
    }

    /// <summary>Makes the elements be exactly these, in one transaction.</summary>
    /// <returns>What was put back, and what was removed.</returns>
    public (IReadOnlyList<PortMapElement> Added, IReadOnlyList<PortMapElement> Removed) Converge(IReadOnlyCollection<PortMapElement> wanted)
    {
        var present = Read().ToHashSet();
        var removed = present.Except(wanted).ToList();
        var added = wanted.Except(present).ToList();
        var batch = new NftBatch();
        Delete(batch, table, removed);
        Add(batch, table, added);
        socket.Apply(batch);
        return (added, removed);
    }

    /// <summary>The elements that are there; none where there is no such table.</summary>
    public IReadOnlyList<PortMapElement> Read()
    {
        var elements = new List<PortMapElement>();
        foreach (var set in PortMapSchema.PerContainer)
        {
            try
            {
                elements.AddRange(socket.ReadElements(table, set).Select(element => new PortMapElement(set.Name, element)));
            }
            catch (NetlinkException error) when (error.Errno == Errno.ENOENT)
            {
                // The table or the set was removed.
            }
        }

        return elements;
    }

    /// <summary>Appends the elements to a batch, set by set.</summary>
    internal static void Add(NftBatch batch, NftTableId table, IEnumerable<PortMapElement> elements)
    {
        foreach (var group in elements.GroupBy(static element => element.Set, static element => element.Element, StringComparer.Ordinal))
        {
            batch.AddElements(table, Sets[group.Key], group.ToValueList());
        }
    }

    /// <summary>Appends their deletion to a batch, set by set.</summary>
    internal static void Delete(NftBatch batch, NftTableId table, IEnumerable<PortMapElement> elements)
    {
        foreach (var group in elements.GroupBy(static element => element.Set, static element => element.Element, StringComparer.Ordinal))
        {
            batch.DeleteElements(table, Sets[group.Key], group.ToValueList());
        }
    }
}
