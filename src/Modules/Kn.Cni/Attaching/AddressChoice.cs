using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>Which addresses an ADD gets: those that it asks for, else the next ones.</summary>
/// <remarks>Who may ask, first to last: <c>args.cni.ips</c>, the capability <c>ips</c> and <c>IP</c> of CNI_ARGS (together, as the reference plugins
/// take them), then the pod's annotation. The capability <c>ipRanges</c> bounds what the pool chooses; as a pod's addresses must be routed to
/// its node, ranges and addresses outside the node's podCIDRs are refused.</remarks>
internal sealed class AddressChoice(NodeAttachments attachments, PodLookup pods)
{
    /// <summary>Takes the addresses.</summary>
    /// <exception cref="CniException">Code 102, 104 or 11.</exception>
    public async Task<ValueList<IpAddress>> TakeAsync(CniRequest request, CancellationToken cancellationToken)
    {
        var wish = await ReadWishAsync(request, cancellationToken);
        try
        {
            return Take(wish);
        }
        catch (CniException error) when (error.Code is CniErrorCode.AddressesExhausted or CniErrorCode.AddressRefused && attachments.Reaper.Waiting > 0)
        {
            // Addresses whose links are only about to be removed may be all that is missing: a StatefulSet's pod comes back to its own.
            await attachments.Reaper.FlushAsync(cancellationToken);
        }

        return Take(wish);
    }

    private ValueList<IpAddress> Take(AddressRequest wish)
    {
        try
        {
            return attachments.Allocator.Take(wish);
        }
        catch (CniException error) when (error.Code == CniErrorCode.AddressRefused && HolderOf(wish) is { } holder)
        {
            throw new CniException(CniErrorCode.AddressRefused, $"{error.Message} by {holder}", null, error);
        }
    }

    private async ValueTask<AddressRequest> ReadWishAsync(CniRequest request, CancellationToken cancellationToken)
    {
        var within = WithinOf(request.Config.RuntimeConfig.IpRanges);
        if (!request.RequestedIps.IsEmpty)
        {
            return new AddressRequest(request.RequestedIps, "the runtime", within);
        }

        var pod = request.Arguments.Pod is { } key ? await pods.FindAsync(key, request.Arguments.PodUid, cancellationToken) : null;
        return AddressAnnotations.Read(pod) with { Within = within };
    }

    private static ValueList<IpRange> WithinOf(ValueList<ValueList<AddressRange>> sets) =>
        sets.SelectMany(static set => set.AsEnumerable()).Select(static range => new IpRange(range.First ?? range.Subnet.Address, range.Last ?? range.Subnet.Last)).ToValueList();

    private string? HolderOf(AddressRequest wish)
    {
        var holder = attachments.All().FirstOrDefault(attachment => attachment.Addresses.Any(wish.Wanted.Contains));
        return holder is null ? null : holder.Pod is { } pod ? $"pod {pod}" : $"container {holder.Key.ContainerId}";
    }
}
