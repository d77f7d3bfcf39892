using Kn.Cni.Ipam;
using Kn.Cni.PortMaps;
using Kn.Cni.Protocol;
using Kn.Linux;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Table;

/// <summary>The table <c>inet kn-cni</c> in the kernel, and who has which port of the node. ADD and DEL change single elements, the reconcile loop
/// the rest; both go through here, so that a repair never undoes an ADD. Thread-safe.</summary>
/// <param name="socket">Opened in the node's network namespace; the caller disposes it.</param>
internal sealed class CniTable(NftSocket socket)
{
    private readonly Lock _lock = new();
    private readonly HostPortLedger _ledger = new();
    private readonly PortMapTable _portMaps = new(socket, CniTableRules.Id);

    /// <summary>The elements that attachments' port mappings need.</summary>
    public IReadOnlyList<PortMapElement> PortMaps
    {
        get
        {
            lock (_lock)
            {
                return _ledger.Elements;
            }
        }
    }

    /// <summary>How many ports of the node are claimed.</summary>
    public int HostPortCount
    {
        get
        {
            lock (_lock)
            {
                return _ledger.Claims.Sum(static attachment => attachment.PortMappings.Count);
            }
        }
    }

    /// <summary>Whose port mappings the kernel has, as far as their elements tell.</summary>
    public IReadOnlyList<Attachment> ReadOwners() => PortMapReading.Owners(_portMaps.Read());

    /// <summary>The first attachment with claims for which the answer is yes.</summary>
    public Attachment? FindClaim(Func<Attachment, bool> isMeant)
    {
        lock (_lock)
        {
            return _ledger.Claims.FirstOrDefault(isMeant);
        }
    }

    /// <summary>Claims an attachment's ports of the node, without telling the kernel.</summary>
    /// <returns>What stands in the way; null when they are claimed.</returns>
    public HostPortConflict? Claim(Attachment attachment)
    {
        lock (_lock)
        {
            return _ledger.Claim(attachment);
        }
    }

    /// <summary>Lets the claimed ports lead to the attachment: one transaction.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    public void Publish(Attachment attachment)
    {
        lock (_lock)
        {
            try
            {
                _portMaps.Add(HostPortLedger.ElementsOf(attachment));
            }
            catch (NftException error) when (error.Errno is Errno.ENOENT or Errno.EEXIST)
            {
                // Somebody else removed the table, or made an element that leads elsewhere.
                EnsureLocked();
            }
        }
    }

    /// <summary>Ends an attachment's mappings, and gives its ports back.</summary>
    /// <returns>The attachment; null when it had none.</returns>
    /// <exception cref="NftException">The kernel refused; the ports stay claimed.</exception>
    public Attachment? Withdraw(AttachmentKey key)
    {
        lock (_lock)
        {
            if (_ledger.Find(key) is { } attachment)
            {
                _portMaps.Remove(HostPortLedger.ElementsOf(attachment));
                _ledger.Release(key);
                return attachment;
            }

            return null;
        }
    }

    /// <summary>Which of an attachment's mappings are not whole.</summary>
    public IEnumerable<PortMapping> FindMissing(Attachment attachment)
    {
        if (attachment.PortMappings.IsEmpty)
        {
            return [];
        }

        var present = _portMaps.Read().ToHashSet();
        return attachment.PortMappings.Where(mapping => HostPortLedger.ElementsOf(attachment with { PortMappings = [mapping] }).Any(element => !present.Contains(element)));
    }

    /// <summary>Brings the table into its form, whatever is there; the masquerade's prefixes stay as they are. For the start.</summary>
    public void Ensure()
    {
        lock (_lock)
        {
            EnsureLocked();
        }
    }

    /// <summary>The whole table; null when there is none.</summary>
    public NftTable? Read() => socket.ReadTable(CniTableRules.Id.Family, CniTableRules.Id.Name)?.AsDeclared();

    /// <summary>Applies a difference that the loop found. Port mappings are compared anew: an ADD may have passed meanwhile.</summary>
    public void Apply(NftTable? before, NftTable after)
    {
        lock (_lock)
        {
            socket.Apply(Batch(before, CniTableRules.With(after, _ledger.Elements)));
            if (before is not null && !PortMapsOf(before).SequenceEqual(PortMapsOf(after)))
            {
                _portMaps.Converge(_ledger.Elements);
            }
        }
    }

    /// <summary>Removes the table.</summary>
    public void Remove() => socket.Apply(new NftBatch().RemoveTable(CniTableRules.Id));

    /// <summary>Pure: elements of the masquerade's sets alone where the frame is as it should be, else the table anew, in one transaction.</summary>
    internal static NftBatch Batch(NftTable? before, NftTable after)
    {
        if (before is null || CniTableRules.Frame(before) != CniTableRules.Frame(after))
        {
            return new NftBatch().RemoveTable(CniTableRules.Id).AddWhole(after);
        }

        var batch = new NftBatch();
        foreach (var (old, set) in before.Sets.Zip(after.Sets))
        {
            if (!CniTableRules.IsPerContainer(set))
            {
                // Deletions first: a wider prefix may take the place of those inside it.
                batch.DeleteElements(CniTableRules.Id, set, old.Elements.Except(set.Elements).ToValueList());
                batch.AddElements(CniTableRules.Id, set, set.Elements.Except(old.Elements).ToValueList());
            }
        }

        return batch;
    }

    private static IEnumerable<NftSet> PortMapsOf(NftTable table) => table.Sets.Where(CniTableRules.IsPerContainer);

    private void EnsureLocked()
    {
        var present = Read();
        var declared = CniTableRules.Static.AsDeclared();
        if (present is not null && CniTableRules.Frame(present) == CniTableRules.Frame(declared))
        {
            _portMaps.Converge(_ledger.Elements);
            return;
        }

        // Prefixes of an older layout's table go on being masqueraded until the loop has read the cluster.
        var sets = declared.Sets.Select(set => !CniTableRules.IsPerContainer(set) && present?.FindSet(set.Name) is { } old && old.Key == set.Key ? set with { Elements = old.Elements } : set);
        var after = CniTableRules.With(declared with { Sets = sets.ToValueList() }, _ledger.Elements);
        socket.Apply(new NftBatch().RemoveTable(CniTableRules.Id).AddWhole(after));
    }
}
