using System.Collections.Concurrent;

namespace Kn.Lab.Traffic;

/// <summary>Requests without a pause, some at a time, until it is stopped: shows what an interruption does to traffic.</summary>
internal sealed class RequestStream : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly Task _running;
    private int _count;

    /// <summary>Starts; every request is one call of <paramref name="askAsync"/>.</summary>
    public RequestStream(Func<CancellationToken, Task> askAsync, int parallel, TimeSpan pause) =>
        _running = Task.WhenAll(Enumerable.Range(0, parallel).Select(_ => RunAsync(askAsync, pause)));

    /// <summary>How many were answered or failed.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>What failed, in order.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Ends the stream and waits for the requests under way.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>Waits until this many more requests have been made.</summary>
    public async Task AwaitMoreAsync(int more, CancellationToken cancellationToken)
    {
        var goal = Count + more;
        while (Count < goal)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    // A request under way when the stream ends is finished, so that its failure would still be seen.
    private async Task RunAsync(Func<CancellationToken, Task> askAsync, TimeSpan pause)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await askAsync(CancellationToken.None);
            }
            catch (TrafficException e)
            {
                _failures.Enqueue(e.Message);
            }

            Interlocked.Increment(ref _count);
            try
            {
                await Task.Delay(pause, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
