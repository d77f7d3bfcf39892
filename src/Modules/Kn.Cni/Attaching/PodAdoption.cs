namespace Kn.Cni.Attaching;

/// <summary>What a start does before anything else: brings journal, addresses and kernel together.</summary>
internal sealed class PodAdoption(NodeAttachments attachments, NodeEndRepair repair, PodCapabilities capabilities)
{
    /// <summary>Adopts pods that run, also those that the journal lost; removes what is half-made or gone.</summary>
    /// <exception cref="Linux.LinuxException">The kernel could not be read.</exception>
    public Adoption Adopt()
    {
        attachments.Links.RemoveUnlinked();
        var plan = AdoptionPlan.Of(attachments.All(), attachments.Links.ReadHostEnds());
        foreach (var attachment in plan.Running)
        {
            attachments.Allocator.TryAdopt(attachment.Addresses);
        }

        foreach (var (link, addresses) in plan.Foundlings)
        {
            attachments.Allocator.TryAdopt(addresses);
            attachments.Foundlings.Add(link, addresses);
        }

        foreach (var attachment in plan.Gone)
        {
            attachments.Journal.Forget(attachment.Key, attachments.Time.GetUtcNow());
        }

        foreach (var link in plan.UselessLinks)
        {
            attachments.Links.Unlink(link, default);
        }

        capabilities.Adopt(plan);
        attachments.Links.RemoveUnlinked();
        attachments.Bridge.Begin(plan.Running);
        repair.RepairAll();
        Continue();
        attachments.Pods.Replace(plan.Running.Select(static attachment => attachment.ToPod()));
        return new Adoption(plan.Running.Count, plan.Gone.Count, plan.UselessLinks.Count, plan.Foundlings.Count);
    }

    /// <summary>Goes on with the round, and with cool-downs, where the last run left them.</summary>
    private void Continue()
    {
        var (last, freed) = attachments.Journal.Read(static table => (table.Last, table.Freed.ToArray()));
        attachments.Allocator.ContinueAfter(last);
        foreach (var (address, at) in freed)
        {
            attachments.Allocator.ContinueCooling(address, at);
        }
    }
}

/// <summary>What a start found.</summary>
/// <param name="Adopted">Running pods.</param>
/// <param name="Freed">Records whose pod is gone or was half-made.</param>
/// <param name="Removed">Links of half-made pods, or that nothing leads to.</param>
/// <param name="Foundlings">Running pods without a record.</param>
public readonly record struct Adoption(int Adopted, int Freed, int Removed, int Foundlings);
