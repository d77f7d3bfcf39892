using System.Collections.Concurrent;
using System.Text.Json;
using Kn.Lab.Api;
using Microsoft.Extensions.Logging;

namespace Kn.Lab.Controllers;

/// <summary>What every controller does: informers mark keys dirty, workers reconcile them, a failure is retried with a back-off.</summary>
internal sealed class ControllerLoop(string name, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);
    private readonly WorkQueue _queue = new();
    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);

    /// <summary>Marks a key dirty.</summary>
    public void Enqueue(string key) => _queue.Add(key);

    /// <summary>Runs the informers, waits for their first lists, then reconciles keys until cancelled.</summary>
    public async Task RunAsync(
        IReadOnlyList<Informer> informers, int workers, Func<string, CancellationToken, Task> reconcile, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tasks = informers.Select(informer => informer.RunAsync(stop.Token)).ToList();
        tasks.Add(WorkAsync(informers, workers, reconcile, stop.Token));
        try
        {
            await await Task.WhenAny(tasks);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop; nothing is left to do.
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(tasks).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async Task WorkAsync(
        IReadOnlyList<Informer> informers, int workers, Func<string, CancellationToken, Task> reconcile, CancellationToken cancellationToken)
    {
        await Task.WhenAll(informers.Select(informer => informer.Synced)).WaitAsync(cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkerAsync(reconcile, cancellationToken)));
    }

    private async Task WorkerAsync(Func<string, CancellationToken, Task> reconcile, CancellationToken cancellationToken)
    {
        var retries = new List<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var key = await _queue.TakeAsync(cancellationToken);
            try
            {
                await reconcile(key, cancellationToken);
                _failures.TryRemove(key, out _);
            }
            catch (Exception trouble) when (trouble is ApiException or HttpRequestException or IOException or JsonException)
            {
                var failures = _failures.AddOrUpdate(key, 1, static (_, count) => count + 1);
                ControllerLog.Retrying(logger, name, key, trouble.Message);
                retries.RemoveAll(static retry => retry.IsCompleted);
                retries.Add(RetryAsync(key, failures, cancellationToken));
            }
            finally
            {
                _queue.Done(key);
            }
        }
    }

    private async Task RetryAsync(string key, int failures, CancellationToken cancellationToken)
    {
        var delay = FirstDelay * Math.Pow(2, Math.Min(failures, 9) - 1);
        await Task.Delay(delay < LongestDelay ? delay : LongestDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _queue.Add(key);
    }
}
