using Kn.Linux;
using Kn.Linux.Routes;

namespace Kn.Cni.Attaching;

/// <summary>Puts back what somebody else took away of pods' links, routes and neighbours on the node.</summary>
internal sealed class NodeEndRepair(NodeAttachments attachments)
{
    /// <summary>Puts back what is missing, before anybody else works on attachments.</summary>
    /// <exception cref="LinuxException">The kernel could not be read.</exception>
    public void RepairAll()
    {
        attachments.Sources.Refresh();
        RepairBridge();
        foreach (var (plan, repair) in FindIncomplete())
        {
            TryRepair(plan, repair);
        }
    }

    /// <summary>Puts back what somebody else removed on the node.</summary>
    /// <exception cref="LinuxException">The kernel could not be read.</exception>
    public async Task RepairAsync(CancellationToken cancellationToken)
    {
        attachments.Sources.Refresh();
        RepairBridge();
        foreach (var (plan, repair) in FindIncomplete())
        {
            using var turn = await attachments.Locks.EnterAsync(plan.Attachment.Key, cancellationToken);
            if (attachments.Find(plan.Attachment.Key) == plan.Attachment)
            {
                TryRepair(plan, repair);
            }
        }
    }

    /// <summary>Whether routes to pods have to change because an address of the node came or went.</summary>
    public bool Concerns(RouteEvent change) => change is AddressEvent of && attachments.Sources.Concerns(of.Address.Address);

    /// <summary>Which pods lack something on the node.</summary>
    /// <exception cref="LinuxException">The kernel could not be read.</exception>
    public IReadOnlyList<(AttachmentPlan Plan, IReadOnlyList<RouteChange> Repair)> FindIncomplete() =>
        attachments.Links.FindIncomplete([.. attachments.All().Where(static attachment => attachment.IsComplete).Select(attachment => attachments.PlanOf(attachment, mtu: 0))]);

    /// <summary>Ports come after the bridge.</summary>
    private void RepairBridge()
    {
        if (attachments.Bridge.Repair() is { Count: > 0 } changes)
        {
            CniLog.BridgeRepaired(attachments.Logger, attachments.Bridge.Name, string.Join(", ", changes.Select(static change => change.Operation)));
        }
    }

    /// <summary>One pod that cannot be helped does not keep the others from theirs.</summary>
    private void TryRepair(AttachmentPlan plan, IReadOnlyList<RouteChange> repair)
    {
        try
        {
            attachments.Links.Apply(repair);
            CniLog.Repaired(attachments.Logger, plan.Attachment.Key, string.Join(", ", repair.Select(static change => change.Operation)));
        }
        catch (LinuxException error)
        {
            CniLog.RepairFailed(attachments.Logger, error.Message);
        }
    }
}
