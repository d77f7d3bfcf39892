using Kn.Cni.Ipam;

namespace Kn.Cni.Attaching;

/// <summary>What a start does before anything else.</summary>
internal sealed class PodAdoption(NodeAttachments attachments, NodeEndRepair repair)
{
    /// <summary>Brings journal, addresses and kernel together after a start: running pods are adopted; half-made, lost and unknown ones removed.</summary>
    public Adoption Adopt()
    {
        attachments.Links.RemoveUnlinked();
        var present = attachments.Links.ReadHostLinks().Select(static link => link.Name).ToHashSet(StringComparer.Ordinal);
        var adopted = new HashSet<string>(StringComparer.Ordinal);
        var freed = 0;
        foreach (var attachment in attachments.All())
        {
            var link = PodLinkNames.HostLink(attachment.Key);
            if (attachment.IsComplete && present.Contains(link) && attachments.Allocator.TryAdopt(attachment.Addresses))
            {
                adopted.Add(link);
            }
            else
            {
                attachments.Journal.Append(new JournalRecord.Removed(attachment.Key));
                freed++;
            }
        }

        present.ExceptWith(adopted);
        foreach (var link in present)
        {
            attachments.Links.Unlink(link, default);
        }

        attachments.Links.RemoveUnlinked();
        repair.RepairAll();
        attachments.Allocator.ContinueAfter(attachments.Journal.Read(static table => table.Last));
        return new Adoption(adopted.Count, freed, present.Count);
    }
}

/// <summary>What a start found.</summary>
/// <param name="Adopted">Running pods.</param>
/// <param name="Freed">Records whose pod is gone or was half-made.</param>
/// <param name="Removed">Links of half-made or unknown pods.</param>
public readonly record struct Adoption(int Adopted, int Freed, int Removed);
