using Kn.Cni.Ipam;
using Kn.Linux;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Cni.Attaching;

/// <summary>Removes the links of pods that are gone, many at once, and then frees their addresses.</summary>
/// <remarks>Removing a network device makes the kernel wait for readers (RCU) for 10 to 20 ms while it holds the lock that every other
/// change of links and routes needs. Ten links removed at once cost as much as one. So DEL only unlinks the pod and answers; the link
/// follows here, and its addresses rest until it is really gone: no packet of the old pod can reach a new one.
/// Links carry their own mark (their group), so what a killed agent left is removed at the next start.</remarks>
public sealed class LinkReaper(PodLinks links, AddressAllocator allocator, ILogger logger, TimeProvider time) : IDisposable
{
    /// <summary>How long the first link waits for company. Short enough for an observer in the namespace, long enough for a node that
    /// is drained to delete its pods a few dozen at a time.</summary>
    public static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly SemaphoreSlim _reaping = new(1, 1);
    private List<ValueList<IpAddress>> _resting = [];
    private List<ValueList<IpAddress>> _inHand = [];

    /// <summary>Called before each step; a test kills the process from it.</summary>
    internal Action<DetachStep>? BeforeStep { get; set; }

    /// <summary>How many pods' links wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _resting.Count + _inHand.Count;
            }
        }
    }

    /// <summary>Their addresses.</summary>
    public IReadOnlySet<IpAddress> Resting
    {
        get
        {
            lock (_lock)
            {
                return _resting.Concat(_inHand).SelectMany(static addresses => addresses.AsEnumerable()).ToHashSet();
            }
        }
    }

    /// <summary>Takes over a pod whose link was unlinked.</summary>
    public void Add(ValueList<IpAddress> addresses)
    {
        lock (_lock)
        {
            _resting.Add(addresses);
        }

        _wake.Release();
    }

    /// <summary>Removes what waits, now; for a caller that needs the names.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _reaping.WaitAsync(cancellationToken);
        try
        {
            List<ValueList<IpAddress>> batch;
            lock (_lock)
            {
                batch = _resting;
                _resting = [];
                _inHand = batch;
            }

            try
            {
                BeforeStep?.Invoke(DetachStep.RemoveLinks);
                links.RemoveUnlinked();
            }
            catch
            {
                lock (_lock)
                {
                    _resting.AddRange(batch);
                    _inHand = [];
                }

                throw;
            }

            BeforeStep?.Invoke(DetachStep.FreeAddresses);
            batch.ForEach(allocator.Free);
            lock (_lock)
            {
                _inHand = [];
            }
        }
        finally
        {
            _reaping.Release();
        }
    }

    /// <summary>Works until cancelled.</summary>
    /// <exception cref="OperationCanceledException">Always, in the end.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _wake.WaitAsync(cancellationToken);
            await Task.Delay(Gathering, time, cancellationToken);
            while (_wake.Wait(0, cancellationToken))
            {
                // Those that came meanwhile go with this batch.
            }

            try
            {
                await FlushAsync(cancellationToken);
            }
            catch (LinuxException error)
            {
                CniLog.ReapFailed(logger, error.Message);
                _wake.Release();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _wake.Dispose();
        _reaping.Dispose();
    }
}
