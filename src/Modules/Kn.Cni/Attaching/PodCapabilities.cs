using Kn.Cni.Bandwidth;
using Kn.Cni.Ipam;
using Kn.Cni.PortMaps;
using Kn.Cni.Protocol;
using Kn.Cni.Table;
using Kn.Linux;
using Kn.Linux.Conntrack;
using Kn.Linux.Netlink;
using Kn.Linux.Nftables;
using Microsoft.Extensions.Logging;

namespace Kn.Cni.Attaching;

/// <summary>What a pod may have beyond an interface: ports of the node, limits of bandwidth. Thread-safe.</summary>
/// <param name="table">The module's nftables table.</param>
/// <param name="conntrack">Opened in the node's network namespace; the caller disposes it.</param>
/// <param name="pods">The node's pods as the cache has them.</param>
/// <param name="logger">Is told what goes on.</param>
internal sealed class PodCapabilities(CniTable table, ConntrackSocket conntrack, PodLookup pods, ILogger logger)
{
    /// <summary>The limits for a pod: what the runtime says, else the pod's annotations as far as the cache knows the pod already.</summary>
    /// <exception cref="CniException">Code 7: an annotation is no amount of bits.</exception>
    public BandwidthLimits? BandwidthOf(CniRequest request)
    {
        if (request.Config.RuntimeConfig.Bandwidth is { } stated)
        {
            return stated;
        }

        return request.Arguments.Pod is { } key && pods.Find(key, request.Arguments.PodUid) is { } pod ? BandwidthAnnotations.Read(pod) : null;
    }

    /// <summary>Claims what only one pod can have, before anything is made.</summary>
    /// <exception cref="CniException">Code 105: another pod has it. Code 7: it cannot be served.</exception>
    public void Claim(Attachment attachment)
    {
        if (PortMapElements.FindUnservable(attachment.Addresses, attachment.PortMappings) is { } unservable)
        {
            throw new CniException(CniErrorCode.InvalidConfig, $"runtimeConfig.portMappings: {unservable} needs an address of that family, and the pod has none");
        }

        if (table.Claim(attachment) is { } conflict)
        {
            var holder = conflict.Holder;
            throw new CniException(
                CniErrorCode.HostPortTaken,
                $"hostPort {conflict.Wanted} is taken by {(holder.Pod is { } pod ? $"pod {pod}" : $"container {holder.Key.ContainerId}")}",
                $"{conflict.Taken} of container {holder.Key.ContainerId}, interface {holder.Key.InterfaceName}");
        }
    }

    /// <summary>Claims what adopted pods have, and brings the kernel in line with it. A port that two of them have is only logged.</summary>
    public void Adopt(AdoptionPlan plan)
    {
        foreach (var attachment in plan.Running.Concat(table.ReadOwners().Where(owner => plan.Foundlings.ContainsKey(PodLinkNames.HostLink(owner.Key)))))
        {
            if (table.Claim(attachment) is { } conflict)
            {
                CniLog.HostPortContested(logger, attachment.Key, conflict.Wanted.ToString(), conflict.Holder.Key);
            }
        }

        table.Ensure();
    }

    /// <summary>Makes what the pod asked for, when its interface is there.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Publish(Attachment attachment)
    {
        if (attachment.PortMappings.IsEmpty)
        {
            return;
        }

        try
        {
            table.Publish(attachment);
            conntrack.Delete(StaleUdpFlows.BeforeAdded(attachment));
        }
        catch (NftException error)
        {
            throw new NetlinkException($"make the port mappings of {attachment.Key}", error.Errno, error.Message);
        }
    }

    /// <summary>Takes away what the pod had; safe to repeat.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void Withdraw(AttachmentKey key)
    {
        try
        {
            if (table.Withdraw(key) is { } attachment)
            {
                conntrack.Delete(StaleUdpFlows.AfterRemoved(attachment));
            }
        }
        catch (NftException error)
        {
            throw new NetlinkException($"remove the port mappings of {key}", error.Errno, error.Message);
        }
    }

    /// <summary>Takes away what the pod of a link had, for one whose record was lost.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public void WithdrawLink(string link)
    {
        if (table.FindClaim(attachment => PodLinkNames.HostLink(attachment.Key) == link) is { } attachment)
        {
            Withdraw(attachment.Key);
        }
    }

    /// <summary>What is missing of what the pod asked for.</summary>
    public IEnumerable<string> FindFaults(Attachment attachment) =>
        table.FindMissing(attachment).Select(static mapping => $"the mapping {mapping} is missing");
}
