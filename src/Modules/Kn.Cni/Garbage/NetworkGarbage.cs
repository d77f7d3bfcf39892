using Kn.Cni.Attaching;
using Kn.Cni.Protocol;
using Kn.Linux;

namespace Kn.Cni.Garbage;

/// <summary>The verb GC: removes what the runtime no longer knows.</summary>
/// <remarks>CNI specification 1.1.0, "GC": every resource of the network but those of the valid attachments; failures do not stop it and are told at
/// the end. An ADD that is at work meanwhile, which the specification forbids and runtimes do, keeps what it makes.</remarks>
internal sealed class NetworkGarbage(NodeAttachments attachments, PodAttacher attacher)
{
    /// <summary>Removes every attachment of a network that is not among those to keep, and goes on after failures.</summary>
    /// <exception cref="CniException">Code 100: some could not be removed; all were tried.</exception>
    public async Task CollectAsync(string network, IReadOnlySet<AttachmentKey> valid, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        var all = attachments.All();
        foreach (var attachment in all.Where(attachment => attachment.Network == network && !valid.Contains(attachment.Key)))
        {
            try
            {
                await attacher.TryRemoveAsync(attachment, cancellationToken);
            }
            catch (Exception error) when (error is LinuxException or CniException)
            {
                failures.Add($"{attachment.Key}: {error.Message}");
            }
        }

        // Nobody knows which network a pod without a record belongs to, unless there is only this one.
        if (all.All(attachment => attachment.Network == network))
        {
            CollectFoundlings(valid, failures);
        }

        if (failures.Count > 0)
        {
            throw new CniException(CniErrorCode.KernelRefused, $"{failures.Count} attachments could not be removed", string.Join("; ", failures));
        }
    }

    private void CollectFoundlings(IReadOnlySet<AttachmentKey> valid, List<string> failures)
    {
        var keep = valid.Select(PodLinkNames.HostLink).ToHashSet(StringComparer.Ordinal);
        foreach (var (link, _) in attachments.Foundlings.All.Where(foundling => !keep.Contains(foundling.Key)))
        {
            try
            {
                attacher.RemoveFoundling(link);
            }
            catch (Exception error) when (error is LinuxException or CniException)
            {
                failures.Add($"{link}: {error.Message}");
            }
        }
    }
}
