using Kn.Cni.Attaching;
using Kn.Cni.Protocol;
using Kn.Linux;

namespace Kn.Cni.Garbage;

/// <summary>The verb GC: removes what the runtime no longer knows.</summary>
internal sealed class NetworkGarbage(NodeAttachments attachments, PodAttacher attacher)
{
    /// <summary>Removes every attachment of a network that is not among those to keep, and goes on after failures.</summary>
    /// <exception cref="CniException">Code 100: some could not be removed; all were tried.</exception>
    public async Task CollectAsync(string network, IReadOnlySet<AttachmentKey> valid, CancellationToken cancellationToken)
    {
        var failures = new List<string>();
        foreach (var attachment in attachments.All().Where(attachment => attachment.Network == network && !valid.Contains(attachment.Key)))
        {
            try
            {
                await attacher.RemoveAsync(attachment.Key, cancellationToken);
            }
            catch (LinuxException error)
            {
                failures.Add($"{attachment.Key}: {error.Message}");
            }
        }

        if (failures.Count > 0)
        {
            throw new CniException(CniErrorCode.KernelRefused, $"{failures.Count} attachments could not be removed", string.Join("; ", failures));
        }
    }
}
