using Kn.Cni.Protocol;
using Kn.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Kn.Cni;

/// <summary>Events 4000–4049.</summary>
internal static partial class CniLog
{
    [LoggerMessage(4000, LogLevel.Debug, "attached {Attachment} of pod {Pod} as {Link} with {Addresses}", EventName = "podAttached")]
    internal static partial void Attached(ILogger logger, AttachmentKey attachment, ObjectKey? pod, string link, string addresses);

    [LoggerMessage(4001, LogLevel.Debug, "detached {Attachment}", EventName = "podDetached")]
    internal static partial void Detached(ILogger logger, AttachmentKey attachment);

    [LoggerMessage(4002, LogLevel.Warning, "CNI {Command} refused with code {Code}: {Message}", EventName = "cniRefused")]
    internal static partial void Refused(ILogger logger, string command, int code, string message);

    [LoggerMessage(4003, LogLevel.Information, "adopted {Adopted} attachments; {Freed} of an earlier run were gone or half-made and were freed, {Removed} useless links were removed; {Foundlings} pods run without a record and were adopted from the kernel", EventName = "adopted")]
    internal static partial void Adopted(ILogger logger, int adopted, int freed, int removed, int foundlings);

    [LoggerMessage(4004, LogLevel.Warning, "the journal of attachments had {Lines} damaged lines, as after a power cut; what they said is taken from the kernel", EventName = "journalDamaged")]
    internal static partial void JournalDamaged(ILogger logger, int lines);

    [LoggerMessage(4005, LogLevel.Warning, "undoing the failed ADD of {Attachment} failed; the next start of the agent removes the rest", EventName = "undoFailed")]
    internal static partial void UndoFailed(ILogger logger, Exception exception, AttachmentKey attachment);

    [LoggerMessage(4006, LogLevel.Warning, "the end of {Attachment} could not be written to the journal, and follows when it can: {Error}", EventName = "journalWriteFailed")]
    internal static partial void JournalWriteFailed(ILogger logger, AttachmentKey attachment, string error);

    [LoggerMessage(4007, LogLevel.Information, "pods get addresses of {Prefixes}", EventName = "podCidrs")]
    internal static partial void PodCidrs(ILogger logger, string prefixes);

    [LoggerMessage(4008, LogLevel.Warning, "the node has no podCIDR: new pods cannot be attached", EventName = "noPodCidr")]
    internal static partial void NoPodCidr(ILogger logger);

    [LoggerMessage(4009, LogLevel.Information, "wrote {Path}", EventName = "fileWritten")]
    internal static partial void FileWritten(ILogger logger, string path);

    [LoggerMessage(4010, LogLevel.Warning, "links of removed pods could not be removed, trying again: {Error}", EventName = "reapFailed")]
    internal static partial void ReapFailed(ILogger logger, string error);

    [LoggerMessage(4011, LogLevel.Warning, "somebody else changed the node's end of {Attachment}; put back: {Changes}", EventName = "podRepaired")]
    internal static partial void Repaired(ILogger logger, AttachmentKey attachment, string changes);

    [LoggerMessage(4030, LogLevel.Information, "collected {Attachment} of pod {Pod} with {Addresses}: {Life}, and no DEL came", EventName = "attachmentCollected")]
    internal static partial void Collected(ILogger logger, AttachmentKey attachment, ObjectKey? pod, string addresses, string life);

    [LoggerMessage(4032, LogLevel.Information, "kn ipam check: {Subject}: {Fault}; done: {Remedy}", EventName = "ipamRepaired")]
    internal static partial void IpamRepaired(ILogger logger, string subject, string fault, string remedy);

    [LoggerMessage(4031, LogLevel.Warning, "looking for attachments that nobody needs failed, trying again: {Error}", EventName = "collectFailed")]
    internal static partial void CollectFailed(ILogger logger, string error);

    [LoggerMessage(4013, LogLevel.Warning, "somebody else changed the bridge {Bridge}; put back: {Changes}", EventName = "bridgeRepaired")]
    internal static partial void BridgeRepaired(ILogger logger, string bridge, string changes);

    [LoggerMessage(4014, LogLevel.Warning, "the kernel does not show bridged packets to nftables (module br_netfilter): Services between two pods of this node will not work on the bridge {Bridge}", EventName = "noBridgeNetfilter")]
    internal static partial void NoBridgeNetfilter(ILogger logger, string bridge);

    [LoggerMessage(4015, LogLevel.Information, "pods' MTU is {Mtu} now; changed on {Pods} of them", EventName = "mtuFollowed")]
    internal static partial void MtuFollowed(ILogger logger, uint mtu, int pods);

    [LoggerMessage(4016, LogLevel.Warning, "the MTU of {Attachment} could not be changed to {Mtu}: {Error}", EventName = "mtuNotFollowed")]
    internal static partial void MtuNotFollowed(ILogger logger, AttachmentKey attachment, uint mtu, string error);

    [LoggerMessage(4012, LogLevel.Warning, "routes to pods could not be put back: {Error}", EventName = "podRepairFailed")]
    internal static partial void RepairFailed(ILogger logger, string error);

    [LoggerMessage(4021, LogLevel.Information, "{Attachment} has got hardware address {Mac} from somebody else", EventName = "podMacChanged")]
    internal static partial void PodMacChanged(ILogger logger, AttachmentKey attachment, string mac);

    [LoggerMessage(4022, LogLevel.Debug, "the pod's end of {Attachment} could not be looked at: {Error}", EventName = "podEndRepairFailed")]
    internal static partial void PodEndRepairFailed(ILogger logger, AttachmentKey attachment, string error);

    [LoggerMessage(4023, LogLevel.Warning, "changes of pods' interfaces by later plugins cannot be noticed: {Error}", EventName = "podEndsUnwatched")]
    internal static partial void PodEndsUnwatched(ILogger logger, string error);

    [LoggerMessage(4020, LogLevel.Warning, "{Attachment} has hostPort {Mapping}, which leads to {Holder}", EventName = "hostPortContested")]
    internal static partial void HostPortContested(ILogger logger, AttachmentKey attachment, string mapping, AttachmentKey holder);
}
