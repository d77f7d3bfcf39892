using Kn.Cni.Attaching;
using Kn.Cni.Ipam;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Cni.Garbage;

/// <summary>Journal, kernel and API, side by side, at one moment.</summary>
internal sealed record NodeSurvey
{
    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The journal's attachments.</summary>
    public required IReadOnlyList<SurveyedAttachment> Attachments { get; init; }

    /// <summary>Pods that run without a record.</summary>
    public required IReadOnlyList<KeyValuePair<string, ValueList<IpAddress>>> Foundlings { get; init; }

    /// <summary>Pod links of the node, with the addresses that are routed to them.</summary>
    public required IReadOnlyDictionary<string, ValueList<IpAddress>> HostEnds { get; init; }

    /// <summary>Whether <see cref="Pods"/> is what the API server has now.</summary>
    public required bool IsApiInSync { get; init; }

    /// <summary>The API's pods of this node.</summary>
    public required IReadOnlyList<Pod> Pods { get; init; }

    /// <summary>Reads all three.</summary>
    /// <param name="node">The node's name.</param>
    /// <param name="attachments">Journal and kernel.</param>
    /// <param name="pods">The API's cache.</param>
    /// <exception cref="Linux.LinuxException">The kernel could not be read.</exception>
    public static NodeSurvey Take(string node, NodeAttachments attachments, PodLookup pods)
    {
        // The journal comes first: whatever it holds for long has its link.
        var recorded = attachments.All();
        var foundlings = attachments.Foundlings.All;
        var ends = attachments.Links.ReadHostEnds();
        var inSync = pods.IsInSync;
        var inhabited = new Lazy<IReadOnlySet<ulong>>(NamespaceProbe.ReadInhabited);
        return new NodeSurvey
        {
            At = attachments.Time.GetUtcNow(),
            Attachments = [.. recorded.Select(Look)],
            Foundlings = foundlings,
            HostEnds = ends,
            IsApiInSync = inSync,
            Pods = [.. pods.All.Where(pod => pod.NodeName == node)],
        };

        SurveyedAttachment Look(Attachment attachment) => new(
            attachment,
            ends.ContainsKey(PodLinkNames.HostLink(attachment.Key)),
            NamespaceProbe.Look(attachment.NamespacePath, attachment.NamespaceInode),
            Ask(attachment),
            () => attachment.NamespaceInode == 0 || inhabited.Value.Contains(attachment.NamespaceInode));

        PodPresence Ask(Attachment attachment) => attachment.Pod is not { } key ? PodPresence.NotAPod
            : pods.Find(key, attachment.PodUid) is not null ? PodPresence.Known
            : inSync ? PodPresence.Missing
            : PodPresence.Unclear;
    }
}

/// <summary>An attachment, and what is left of its pod.</summary>
/// <param name="Attachment">The record.</param>
/// <param name="HasLink">Whether the node's end is there.</param>
/// <param name="Namespace">What became of the namespace.</param>
/// <param name="Pod">What the API says of the pod.</param>
/// <param name="IsInhabited">Whether a process lives in the namespace; asked only where it matters, for it looks at every process.</param>
internal sealed record SurveyedAttachment(Attachment Attachment, bool HasLink, NamespaceState Namespace, PodPresence Pod, Func<bool> IsInhabited)
{
    /// <summary>An ADD is at work no longer than the control socket lets it (two minutes).</summary>
    public static readonly TimeSpan LongestAdd = TimeSpan.FromMinutes(3);

    /// <summary>What is to be made of it.</summary>
    public PodLife LifeAt(DateTimeOffset now)
    {
        if (!Attachment.IsComplete)
        {
            return Attachment.AddedAt is { } at && now - at < LongestAdd ? PodLife.Beginning : PodLife.HalfMade;
        }

        if (!HasLink && Namespace == NamespaceState.Gone)
        {
            return PodLife.Gone;
        }

        var isOrphan = Pod == PodPresence.Missing || (Pod == PodPresence.NotAPod && Namespace == NamespaceState.Gone);
        if (isOrphan && !IsInhabited())
        {
            return PodLife.Deserted;
        }

        return HasLink ? PodLife.Running : PodLife.Cut;
    }
}

/// <summary>What the API says of an attachment's pod.</summary>
internal enum PodPresence
{
    /// <summary>It is there.</summary>
    Known,

    /// <summary>The API server has no such pod on this node.</summary>
    Missing,

    /// <summary>The API server is away, or the cache does not follow it.</summary>
    Unclear,

    /// <summary>The runtime named no pod.</summary>
    NotAPod,
}

/// <summary>Whether a pod still needs its attachment.</summary>
internal enum PodLife
{
    /// <summary>Its ADD is at work.</summary>
    Beginning,

    /// <summary>Its ADD failed or was killed, and could not be undone.</summary>
    HalfMade,

    /// <summary>It runs, or nobody can tell that it does not.</summary>
    Running,

    /// <summary>Its namespace lives, and somebody removed its link.</summary>
    Cut,

    /// <summary>Namespace and link are gone: nobody can use the addresses.</summary>
    Gone,

    /// <summary>No process lives in its namespace, and no pod in the API stands for it (or, where none ever did, the namespace's path is gone):
    /// its container is gone, and its runtime forgot it.</summary>
    Deserted,
}
