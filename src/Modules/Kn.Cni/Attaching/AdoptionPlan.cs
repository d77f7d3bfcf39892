using Kn.Cni.Ipam;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>What a start makes of what it finds in the journal and in the kernel. Pure.</summary>
internal sealed record AdoptionPlan
{
    private AdoptionPlan()
    {
    }

    /// <summary>Pods that run: recorded whole, with their link.</summary>
    public required IReadOnlyList<Attachment> Running { get; init; }

    /// <summary>Records whose pod is gone (a reboot, a DEL without the agent) or was half-made (a killed agent).</summary>
    public required IReadOnlyList<Attachment> Gone { get; init; }

    /// <summary>Pods that run without a record: the journal was lost. Link by link, with the addresses that are routed to it.</summary>
    public required IReadOnlyDictionary<string, ValueList<IpAddress>> Foundlings { get; init; }

    /// <summary>Links of half-made pods, and links that nothing is routed to.</summary>
    public required IReadOnlyList<string> UselessLinks { get; init; }

    /// <summary>Compares the two.</summary>
    /// <param name="attachments">The journal's.</param>
    /// <param name="links">Every pod link of the node, with the addresses that are routed to it.</param>
    public static AdoptionPlan Of(IEnumerable<Attachment> attachments, IReadOnlyDictionary<string, ValueList<IpAddress>> links)
    {
        var running = new List<Attachment>();
        var gone = new List<Attachment>();
        var taken = new HashSet<IpAddress>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        // No two records should share an address. Where they do, the kernel's route says whose it is.
        foreach (var attachment in attachments.OrderByDescending(attachment => IsRouted(attachment, links)))
        {
            var link = PodLinkNames.HostLink(attachment.Key);
            if (attachment.IsComplete && links.ContainsKey(link) && !attachment.Addresses.Any(taken.Contains))
            {
                running.Add(attachment);
                known.Add(link);
                taken.UnionWith(attachment.Addresses);
            }
            else
            {
                gone.Add(attachment);
            }
        }

        var lost = gone.Select(static attachment => PodLinkNames.HostLink(attachment.Key)).ToHashSet(StringComparer.Ordinal);
        var foundlings = new Dictionary<string, ValueList<IpAddress>>(StringComparer.Ordinal);
        foreach (var (link, addresses) in links.Where(end => !known.Contains(end.Key) && !lost.Contains(end.Key) && !end.Value.IsEmpty))
        {
            if (!addresses.Any(taken.Contains))
            {
                foundlings.Add(link, addresses);
                taken.UnionWith(addresses);
            }
        }

        return new AdoptionPlan
        {
            Running = running,
            Gone = gone,
            Foundlings = foundlings,
            UselessLinks = [.. links.Keys.Where(link => !known.Contains(link) && !foundlings.ContainsKey(link))],
        };
    }

    private static bool IsRouted(Attachment attachment, IReadOnlyDictionary<string, ValueList<IpAddress>> links) =>
        links.TryGetValue(PodLinkNames.HostLink(attachment.Key), out var routed) && attachment.Addresses.All(routed.Contains);
}
