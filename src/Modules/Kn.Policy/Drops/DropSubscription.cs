using System.Threading.Channels;

namespace Kn.Policy.Drops;

/// <summary>One who listens to drops. What it does not read in time is dropped and counted: nobody waits for it.</summary>
internal sealed class DropSubscription : IDisposable
{
    /// <summary>Several seconds of what the table logs at most.</summary>
    internal const int MostWaiting = 512;

    private readonly DropFilter _filter;
    private readonly Action<DropSubscription> _leave;
    private readonly TaskCompletionSource<string?> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<PolicyDrop> _waiting = Channel.CreateBounded<PolicyDrop>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private int _missed;

    /// <summary>A listener.</summary>
    /// <param name="filter">What it wants to hear.</param>
    /// <param name="leave">Called when it hangs up.</param>
    public DropSubscription(DropFilter filter, Action<DropSubscription> leave) => (_filter, _leave) = (filter, leave);

    /// <summary>Completes when drops are listened to: with null, or with why they cannot be.</summary>
    public Task<string?> Opened => _opened.Task;

    /// <summary>The drops.</summary>
    public IAsyncEnumerable<PolicyDrop> ReadAllAsync(CancellationToken cancellationToken) => _waiting.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Listening has begun, or cannot.</summary>
    public void Open(string? fault) => _opened.TrySetResult(fault);

    /// <summary>Tells a drop; false when the listener has not read what it has.</summary>
    public bool TryTell(PolicyDrop drop)
    {
        if (!_filter.Wants(drop))
        {
            return true;
        }

        if (!_waiting.Writer.TryWrite(_missed == 0 ? drop : drop with { Missed = _missed }))
        {
            _missed++;
            return false;
        }

        _missed = 0;
        return true;
    }

    /// <summary>Packets were logged and not received.</summary>
    public void Miss() => _missed++;

    /// <summary>There will be no more.</summary>
    public void End(string reason)
    {
        Open(reason);
        _waiting.Writer.TryComplete();
    }

    /// <inheritdoc/>
    public void Dispose() => _leave(this);
}
