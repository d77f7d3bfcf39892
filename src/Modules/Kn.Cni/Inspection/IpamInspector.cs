using Kn.Cni.Attaching;
using Kn.Cni.Garbage;
using Kn.Cni.Protocol;
using Kn.Linux;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Inspection;

/// <summary>What <c>kn ipam</c> does on the agent's side.</summary>
internal sealed class IpamInspector(string node, CniParts parts)
{
    /// <summary>Between the two looks of a check: longer than a DEL, or a link that goes, needs to be through.</summary>
    private static readonly TimeSpan SecondLook = LinkReaper.Gathering + LinkReaper.Gathering;

    /// <summary>Pools and attachments.</summary>
    /// <exception cref="LinuxException">The kernel could not be read.</exception>
    public IpamReport Show()
    {
        var survey = Survey();
        var attachments = survey.Attachments
            .Select(item => Describe(item, item.LifeAt(survey.At)))
            .Concat(survey.Foundlings.Select(static entry => new AttachmentReport(Texts(entry.Value), null, null, null, null, entry.Key, null, IpamFaultKinds.NoRecord, null)))
            .OrderBy(static report => report.Addresses.Count == 0 ? default : IpAddress.Parse(report.Addresses[0]));
        var pools = parts.Allocator.Usage.Select(static pool => new PoolReport(pool.Prefix.ToString(), pool.Taken, pool.Free, pool.Cooling, pool.Reserved));
        return new IpamReport(node, [.. pools], [.. attachments]);
    }

    /// <summary>Compares, and repairs if asked to.</summary>
    /// <remarks>Pods come and go while it looks: only what does not fit at two looks is a fault.</remarks>
    /// <exception cref="LinuxException">The kernel could not be read.</exception>
    public async Task<IpamCheckReport> CheckAsync(bool repair, CancellationToken cancellationToken)
    {
        var evidence = Gather();
        var found = IpamComparison.Of(evidence);
        if (found.Count > 0)
        {
            await Task.Delay(SecondLook, parts.Time, cancellationToken);
            evidence = Gather();
            var first = found.Select(static item => item.Fault).ToHashSet();
            found = [.. IpamComparison.Of(evidence).Where(item => first.Contains(item.Fault))];
        }

        var faults = new List<IpamFault>();
        foreach (var (fault, remedy) in found)
        {
            faults.Add(repair && remedy is not null ? await RepairAsync(fault, remedy, cancellationToken) : fault);
        }

        parts.TellStatus();
        return new IpamCheckReport(node, evidence.Survey.Attachments.Count, evidence.Survey.IsApiInSync, faults);
    }

    /// <summary>Frees an address that leaked.</summary>
    /// <param name="address">The address.</param>
    /// <param name="force">Also when its pod runs, or may run: it loses its network.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public async Task<IpamReleaseReport> ReleaseAsync(IpAddress address, bool force, CancellationToken cancellationToken)
    {
        var survey = Survey();
        var owner = survey.Attachments.FirstOrDefault(item => item.Attachment.Addresses.Contains(address));
        var foundling = survey.Foundlings.FirstOrDefault(entry => entry.Value.Contains(address)).Key;
        if (owner is null && foundling is null)
        {
            return ReleaseUnowned(address);
        }

        var name = owner is null ? $"{foundling}, a pod without a record" : owner.Attachment.Pod?.ToString() ?? $"container {owner.Attachment.Key.ContainerId}";
        var isGone = owner?.LifeAt(survey.At) is PodLife.Gone or PodLife.HalfMade or PodLife.Deserted;
        if (!isGone && !force)
        {
            return new IpamReleaseReport(address.ToString(), false, $"{name} has {address} and runs, or may run; with --force it loses its network");
        }

        if (owner is null)
        {
            parts.Attacher.RemoveFoundling(foundling!);
        }
        else if (!await parts.Attacher.TryRemoveAsync(owner.Attachment, cancellationToken))
        {
            return new IpamReleaseReport(address.ToString(), false, $"{name} changed in this moment; try again");
        }

        await parts.Reaper.FlushAsync(cancellationToken);
        parts.TellStatus();
        return new IpamReleaseReport(address.ToString(), true, $"{address} of {name} is free");
    }

    private IpamReleaseReport ReleaseUnowned(IpAddress address)
    {
        var text = address.ToString();
        if (parts.Reaper.Resting.Contains(address))
        {
            return new IpamReleaseReport(text, true, $"{text} is about to be free: the link of its last pod is being removed");
        }

        if (parts.Allocator.Taken.Contains(address))
        {
            parts.Allocator.Free([address]);
            return new IpamReleaseReport(text, true, $"{text} counted as in use and was nobody's; it is free");
        }

        return new IpamReleaseReport(text, true, parts.Allocator.TryWarm(address) ? $"{text} was free and no longer cools down" : $"{text} was free already");
    }

    private NodeSurvey Survey() => NodeSurvey.Take(node, parts.Attachments, parts.Pods);

    private IpamEvidence Gather()
    {
        // Addresses first: one that is given out after that, and is found with a pod, counts as in use; the second look sees the rest.
        var taken = parts.Allocator.Taken;
        var (damaged, fits) = parts.Journal.Compare();
        return new IpamEvidence
        {
            Survey = Survey(),
            DamagedLines = damaged,
            JournalFits = fits,
            JournalProblem = parts.Journal.Problem,
            Taken = taken,
            Resting = parts.Reaper.Resting,
            IncompleteNodeEnds = parts.Repair.FindIncomplete(),
            PodRoutes = parts.Links.ReadPodRoutes(parts.Allocator.Prefixes),
        };
    }

    private async Task<IpamFault> RepairAsync(IpamFault fault, Remedy remedy, CancellationToken cancellationToken)
    {
        try
        {
            await RepairAsync(remedy, cancellationToken);
            CniLog.IpamRepaired(parts.Logger, fault.Subject, fault.Message, fault.Remedy ?? "");
            return fault with { Repaired = true };
        }
        catch (Exception error) when (error is LinuxException or CniException or IOException)
        {
            return fault with { Failure = error.Message };
        }
    }

    private async Task RepairAsync(Remedy remedy, CancellationToken cancellationToken)
    {
        switch (remedy)
        {
            case Remedy.RewriteJournal:
                parts.Journal.WriteAnew();
                break;
            case Remedy.RemoveAttachment remove:
                await parts.Attacher.TryRemoveAsync(remove.Attachment, cancellationToken);
                break;
            case Remedy.RemoveFoundling remove:
                parts.Attacher.RemoveFoundling(remove.Link);
                break;
            case Remedy.RepairNodeEnd:
                await parts.Repair.RepairAsync(cancellationToken);
                break;
            case Remedy.FreeAddress free:
                parts.Allocator.Free([free.Address]);
                break;
            case Remedy.AdoptAddress adopt:
                parts.Allocator.TryAdopt([adopt.Address]);
                break;
            case Remedy.RemoveRoute remove:
                parts.Links.Apply([new RemoveRoute(remove.Route)]);
                break;
        }
    }

    private static AttachmentReport Describe(SurveyedAttachment item, PodLife life)
    {
        var attachment = item.Attachment;
        return new AttachmentReport(
            Texts(attachment.Addresses),
            attachment.Pod?.ToString(),
            attachment.Key.ContainerId,
            attachment.Key.InterfaceName,
            attachment.Network,
            PodLinkNames.HostLink(attachment.Key),
            attachment.NamespacePath,
            System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(life.ToString()),
            attachment.AddedAt);
    }

    private static IReadOnlyList<string> Texts(ValueList<IpAddress> addresses) => [.. addresses.AsEnumerable().Select(static address => address.ToString())];
}
