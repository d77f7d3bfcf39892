using Kn.Cni.Attaching;
using Kn.Cni.Garbage;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Inspection;

/// <summary>Compares journal, addresses, kernel and API, and says what does not fit and what could be done about it. Pure.</summary>
internal sealed class IpamComparison(IpamEvidence evidence)
{
    private readonly NodeSurvey _survey = evidence.Survey;
    private readonly List<(IpamFault Fault, Remedy? Remedy)> _found = [];

    /// <summary>Compares.</summary>
    public static IReadOnlyList<(IpamFault Fault, Remedy? Remedy)> Of(IpamEvidence evidence)
    {
        var comparison = new IpamComparison(evidence);
        comparison.CompareJournal();
        comparison.CompareLives();
        comparison.CompareAddresses();
        comparison.CompareKernel();
        if (evidence.Survey.IsApiInSync)
        {
            comparison.CompareApi();
        }

        return comparison._found;
    }

    private void CompareJournal()
    {
        if (evidence.DamagedLines > 0 || !evidence.JournalFits || evidence.JournalProblem is not null)
        {
            var message = evidence.JournalProblem is { } problem ? $"the disk does not take it: {problem}"
                : evidence.DamagedLines > 0 ? $"{evidence.DamagedLines} lines cannot be read"
                : "it says something else than the agent knows";
            Add(new IpamFault(IpamFaultKinds.Journal, "journal", message, "write it anew"), new Remedy.RewriteJournal());
        }
    }

    private void CompareLives()
    {
        foreach (var item in _survey.Attachments)
        {
            var (kind, message) = item.LifeAt(_survey.At) switch
            {
                PodLife.HalfMade => (IpamFaultKinds.HalfMade, "its ADD was neither finished nor undone"),
                PodLife.Gone => (IpamFaultKinds.Gone, "its namespace and its link are gone, and no DEL came"),
                PodLife.Deserted => (IpamFaultKinds.Deserted, "no process lives in its namespace, no pod of the API stands for it, and no DEL came"),
                PodLife.Cut => (IpamFaultKinds.Cut, $"somebody removed its link {PodLinkNames.HostLink(item.Attachment.Key)}; deleting the pod helps"),
                _ => ("", ""),
            };
            if (kind == IpamFaultKinds.Cut)
            {
                Add(new IpamFault(kind, Name(item.Attachment), message), null);
            }
            else if (kind.Length > 0)
            {
                Add(new IpamFault(kind, Name(item.Attachment), message, "take it away"), new Remedy.RemoveAttachment(item.Attachment));
            }
        }

        foreach (var (link, addresses) in _survey.Foundlings)
        {
            var gone = !_survey.HostEnds.ContainsKey(link);
            Add(
                new IpamFault(IpamFaultKinds.NoRecord, link, $"runs with {Join(addresses)} and without a record; its DEL or GC will end it", gone ? "take it away" : null),
                gone ? new Remedy.RemoveFoundling(link) : null);
        }
    }

    private void CompareAddresses()
    {
        var owners = _survey.Attachments.SelectMany(static item => item.Attachment.Addresses.AsEnumerable(), static (item, address) => (Address: address, Name: Name(item.Attachment)))
            .Concat(_survey.Foundlings.SelectMany(static entry => entry.Value.AsEnumerable(), static (entry, address) => (Address: address, Name: entry.Key)))
            .ToLookup(static owner => owner.Address, static owner => owner.Name);
        foreach (var shared in owners.Where(static owner => owner.Count() > 1))
        {
            Add(new IpamFault(IpamFaultKinds.Shared, shared.Key.ToString(), $"is had by {string.Join(" and by ", shared)}; deleting one of the pods helps"), null);
        }

        foreach (var address in evidence.Taken.Where(address => !owners.Contains(address) && !evidence.Resting.Contains(address)))
        {
            Add(new IpamFault(IpamFaultKinds.Leaked, address.ToString(), "counts as in use, and nobody has it", "free it"), new Remedy.FreeAddress(address));
        }

        var taken = evidence.Taken.ToHashSet();
        foreach (var owner in owners.Where(owner => !taken.Contains(owner.Key)))
        {
            Add(new IpamFault(IpamFaultKinds.Untracked, owner.Key.ToString(), $"counts as free, and {owner.First()} has it", "count it as in use"), new Remedy.AdoptAddress(owner.Key));
        }
    }

    private void CompareKernel()
    {
        foreach (var (plan, repair) in evidence.IncompleteNodeEnds)
        {
            var missing = string.Join(", ", repair.Select(static change => change.Operation));
            Add(new IpamFault(IpamFaultKinds.NodeEnd, Name(plan.Attachment), $"lacks on the node: {missing}", "put it back"), new Remedy.RepairNodeEnd());
        }

        var known = _survey.Attachments.ToDictionary(static item => PodLinkNames.HostLink(item.Attachment.Key), static item => item.Attachment.Addresses, StringComparer.Ordinal);
        foreach (var (link, addresses) in _survey.Foundlings)
        {
            known.TryAdd(link, addresses);
        }

        foreach (var (route, link) in evidence.PodRoutes)
        {
            var address = route.Destination.Address;
            if (link is null || (known.TryGetValue(link, out var own) && !own.Contains(address)))
            {
                Add(new IpamFault(IpamFaultKinds.Route, address.ToString(), $"is routed to {link ?? "a link that is no pod's"}, which does not have it", "remove the route"), new Remedy.RemoveRoute(route));
            }
        }
    }

    private void CompareApi()
    {
        var byPod = _survey.Attachments.Where(static item => item.Attachment is { Pod: not null, IsComplete: true }).ToLookup(static item => item.Attachment.Pod.GetValueOrDefault());
        foreach (var pod in _survey.Pods.Where(static pod => pod is { HostNetwork: false, Phase: "Running" or "Pending", PodIps.IsEmpty: false }))
        {
            var own = byPod[pod.Key].Where(item => item.Pod == PodPresence.Known).ToList();
            var addresses = own.SelectMany(static item => item.Attachment.Addresses.AsEnumerable()).ToHashSet();
            if (own.Count == 0)
            {
                if (!_survey.Foundlings.Any(foundling => foundling.Value.Any(pod.PodIps.Contains)))
                {
                    Add(new IpamFault(IpamFaultKinds.Unattached, pod.Key.ToString(), $"has {Join(pod.PodIps)} in the API, and is not attached on this node; deleting the pod helps"), null);
                }
            }
            else if (!pod.PodIps.All(addresses.Contains))
            {
                Add(new IpamFault(IpamFaultKinds.PodIps, pod.Key.ToString(), $"has {Join(pod.PodIps)} in the API, and {string.Join(", ", addresses)} on this node; the kubelet corrects the API"), null);
            }

            CompareWish(pod, own.Count > 0, addresses);
        }
    }

    private void CompareWish(Pod pod, bool isAttached, HashSet<IpAddress> addresses)
    {
        try
        {
            var wish = AddressAnnotations.Read(pod);
            if (isAttached && !wish.Wanted.All(addresses.Contains))
            {
                Add(new IpamFault(IpamFaultKinds.Wanted, pod.Key.ToString(), $"{wish.Source} asks for {Join(wish.Wanted)}, and it has {string.Join(", ", addresses)}; deleting the pod helps"), null);
            }
        }
        catch (CniException error)
        {
            Add(new IpamFault(IpamFaultKinds.Wanted, pod.Key.ToString(), error.Message), null);
        }
    }

    private void Add(IpamFault fault, Remedy? remedy) => _found.Add((fault, remedy));

    private static string Join(ValueList<IpAddress> addresses) => string.Join(", ", addresses.AsEnumerable());

    private static string Name(Attachment attachment) =>
        attachment.Pod is { } pod ? $"{pod} ({Join(attachment.Addresses)})" : $"container {attachment.Key.ContainerId} ({Join(attachment.Addresses)})";
}

/// <summary>What a comparison is made of.</summary>
internal sealed record IpamEvidence
{
    /// <summary>Journal, kernel and API.</summary>
    public required NodeSurvey Survey { get; init; }

    /// <summary>Lines of the journal that cannot be read.</summary>
    public int DamagedLines { get; init; }

    /// <summary>Whether the journal on the disk says what the agent knows.</summary>
    public bool JournalFits { get; init; } = true;

    /// <summary>Why the disk does not take it.</summary>
    public string? JournalProblem { get; init; }

    /// <summary>Addresses that count as in use.</summary>
    public ValueList<IpAddress> Taken { get; init; }

    /// <summary>Of them, those whose link is about to be removed.</summary>
    public IReadOnlySet<IpAddress> Resting { get; init; } = new HashSet<IpAddress>();

    /// <summary>Pods whose end on the node lacks something.</summary>
    public IReadOnlyList<(AttachmentPlan Plan, IReadOnlyList<RouteChange> Repair)> IncompleteNodeEnds { get; init; } = [];

    /// <summary>Routes to single addresses of the podCIDRs, and the pod link that each leads to; null for another link.</summary>
    public IReadOnlyList<(Route Route, string? Link)> PodRoutes { get; init; } = [];
}

/// <summary>What can be done about a fault.</summary>
internal abstract record Remedy
{
    private Remedy()
    {
    }

    /// <summary>Write the journal anew.</summary>
    public sealed record RewriteJournal : Remedy;

    /// <summary>As DEL does.</summary>
    public sealed record RemoveAttachment(Attachment Attachment) : Remedy;

    /// <summary>Likewise for a pod without a record.</summary>
    public sealed record RemoveFoundling(string Link) : Remedy;

    /// <summary>Put back what is missing on the node.</summary>
    public sealed record RepairNodeEnd : Remedy;

    /// <summary>Free an address.</summary>
    public sealed record FreeAddress(IpAddress Address) : Remedy;

    /// <summary>Count an address as in use.</summary>
    public sealed record AdoptAddress(IpAddress Address) : Remedy;

    /// <summary>Remove a route.</summary>
    public sealed record RemoveRoute(Route Route) : Remedy;
}
