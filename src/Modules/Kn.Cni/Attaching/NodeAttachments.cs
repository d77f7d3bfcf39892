using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Hosting.Pods;
using Microsoft.Extensions.Logging;

namespace Kn.Cni.Attaching;

/// <summary>What everybody who works on the node's attachments shares: kernel, journal and addresses, and the locks that keep them in step.</summary>
internal sealed record NodeAttachments(PodLinks Links, AttachmentJournal Journal, AddressAllocator Allocator, LinkReaper Reaper, ILogger Logger, TimeProvider Time)
{
    /// <summary>Held by whoever changes an attachment.</summary>
    public AttachmentLocks Locks { get; } = new();

    /// <summary>Pods that run without a record.</summary>
    public Foundlings Foundlings { get; } = new();

    /// <summary>The hardware addresses that pods' ends should have.</summary>
    public PodMacs Macs { get; } = new();

    /// <summary>The bridge of local pods.</summary>
    public required NodeBridge Bridge { get; init; }

    /// <summary>What other modules are told of the pods.</summary>
    public required AttachedPods Pods { get; init; }

    /// <summary>What the node sends to pods from.</summary>
    public required PodRouteSources Sources { get; init; }

    /// <summary>What the kernel is told of an attachment.</summary>
    public AttachmentPlan PlanOf(Attachment attachment, uint mtu) =>
        attachment.Bridge.Length == 0 ? new AttachmentPlan(attachment, mtu) { Sources = Sources.Current } : new BridgedPlan(attachment, mtu, LinkOwner.Agent, Bridge.Port);

    /// <summary>The attachment of that key, or null.</summary>
    public Attachment? Find(AttachmentKey key) => Journal.Read(table => table.TryFind(key, out var attachment) ? attachment : null);

    /// <summary>All attachments, half-made ones included.</summary>
    public Attachment[] All() => Journal.Read(static table => table.All.ToArray());
}
