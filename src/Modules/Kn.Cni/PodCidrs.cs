using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni;

/// <summary>The node's podCIDRs as far as they are known, for callers that wait for them. Thread-safe.</summary>
internal sealed class PodCidrs(AddressAllocator allocator, TimeProvider time)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether pods can get addresses.</summary>
    public bool AreKnown => _known.Task.IsCompleted;

    /// <summary>Sets what new pods get addresses of; empty when the node has none.</summary>
    /// <param name="prefixes">The podCIDRs.</param>
    /// <param name="ofNode">Addresses that the node itself has in them.</param>
    public void Set(ValueList<IpPrefix> prefixes, ValueList<IpAddress> ofNode = default)
    {
        lock (_lock)
        {
            allocator.UsePrefixes(prefixes, ofNode);
            if (!prefixes.IsEmpty)
            {
                _known.TrySetResult();
            }
            else if (_known.Task.IsCompleted)
            {
                _known = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>Waits until they are known.</summary>
    /// <exception cref="CniException">Code 11: not within that time.</exception>
    public async Task WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await _known.Task.WaitAsync(timeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new CniException(CniErrorCode.TryAgainLater, "the node has no podCIDR yet", "spec.podCIDRs of the Node is set by the controller manager (--allocate-node-cidrs)");
        }
    }
}
