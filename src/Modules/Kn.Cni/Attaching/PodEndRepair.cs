using Kn.Cni.Bandwidth;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Linux;
using Kn.Linux.Routes;

namespace Kn.Cni.Attaching;

/// <summary>Follows what others do to pods' ends: a hardware address that a later plugin gave, a limit of bandwidth that is gone.</summary>
/// <remarks>When a link's address changes the kernel forgets the link's neighbours, permanent ones as well (neigh_changeaddr), so the pod no
/// longer knows its gateway; and the node's entry for the pod has the old address. Both are set right.</remarks>
internal sealed class PodEndRepair(NodeAttachments attachments)
{
    /// <summary>Looks at a pod's end.</summary>
    public async Task RepairAsync(AttachmentKey key, CancellationToken cancellationToken)
    {
        using var turn = await attachments.Locks.EnterAsync(key, cancellationToken);
        if (attachments.Find(key) is { IsComplete: true } attachment)
        {
            Repair(attachment);
        }
    }

    /// <summary>Looks at every pod's end, as after a start.</summary>
    public async Task RepairAllAsync(CancellationToken cancellationToken)
    {
        var links = attachments.Links.ReadHostLinks().ToDictionary(static link => link.Name, static link => link.Index, StringComparer.Ordinal);
        foreach (var attachment in attachments.All())
        {
            var plan = attachments.PlanOf(attachment, mtu: 0);
            if (links.TryGetValue(plan.HostLink, out var index))
            {
                attachments.Macs.Expect(index, attachment.Key, plan.PodMac);
                await RepairAsync(attachment.Key, cancellationToken);
            }
        }
    }

    /// <summary>Looks at the ends of pods that are limited in what they send.</summary>
    public async Task RepairLimitsAsync(CancellationToken cancellationToken)
    {
        foreach (var attachment in attachments.All().Where(static attachment => attachment.Bandwidth?.Egress is not null))
        {
            await RepairAsync(attachment.Key, cancellationToken);
        }
    }

    private void Repair(Attachment attachment)
    {
        try
        {
            using var pod = attachments.Links.OpenPod(attachment.NamespacePath);
            if (attachment.NamespaceInode != 0 && pod.Inode != attachment.NamespaceInode)
            {
                return;
            }

            if (pod.Run(() => RepairInside(attachment)) is { } mac && mac != attachments.PlanOf(attachment, mtu: 0).PodMac)
            {
                Follow(attachment with { Mac = mac });
            }
        }
        catch (Exception error) when (error is LinuxException or CniException or IOException)
        {
            // A namespace that is just going; or what the kernel refused, which CHECK tells of.
            CniLog.PodEndRepairFailed(attachments.Logger, attachment.Key, error.Message);
        }
    }

    /// <returns>The address that the pod's end has; null when it has none.</returns>
    private MacAddress? RepairInside(Attachment attachment)
    {
        using var socket = RouteSocket.Open();
        var plan = attachments.PlanOf(attachment, mtu: 0);
        if (socket.FindLink(attachment.Key.InterfaceName) is not { Mac: { } mac } link)
        {
            return null;
        }

        var changes = new List<RouteChange>();
        if (attachment.Bandwidth?.Egress is { } egress
            && !Shaping.IsInPlace(egress, link.Mtu, socket.ReadQdiscs(link.Index).FirstOrDefault(static qdisc => qdisc.IsRoot)?.TokenBucket))
        {
            changes.Add(Shaping.Change(link.Index, egress, link.Mtu));
        }

        if (mac != plan.PodMac && plan.IsRouted)
        {
            changes.AddRange(attachment.Addresses.Select(address => new EnsureNeighbour(AttachmentPlan.PodNeighbour(address.Family, link.Index))));
        }

        return socket.Apply(changes) is [var failure, ..] ? throw failure.Error : mac;
    }

    private void Follow(Attachment attachment)
    {
        var plan = attachments.PlanOf(attachment, mtu: 0);
        if (attachments.Links.ReadHostEnd(plan.HostLink).Link is not { } link)
        {
            return;
        }

        if (plan.IsRouted)
        {
            attachments.Links.Apply([.. attachment.Addresses.Select(address => new EnsureNeighbour(plan.HostNeighbour(address, link.Index)))]);
        }

        attachments.Journal.Append(new JournalRecord.Added(attachment));
        attachments.Macs.Expect(link.Index, attachment.Key, plan.PodMac);
        CniLog.PodMacChanged(attachments.Logger, attachment.Key, plan.PodMac.ToString());
    }
}
