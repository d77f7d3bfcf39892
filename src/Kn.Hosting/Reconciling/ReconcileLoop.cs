using Kn.Hosting.Modules;
using Kn.Kubernetes.Cache;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Reconciling;

/// <summary>Drives one target to what the cluster asks for, for as long as it runs; there is no other loop in Kn.</summary>
/// <remarks>
/// <para>At the start it waits until the kinds that it reads are in the cache, reads the target, plans every key and applies the
/// difference: what is already right is adopted untouched. From then on a change costs its keys: the first change applies at
/// once, what arrives meanwhile is the next batch. After a failure, when somebody else changed what the target owns, and on the
/// resync timer it reads and plans everything again.</para>
/// <para>Make it before the first await of RunAsync, so that the module's status knows of the part.</para>
/// </remarks>
public sealed class ReconcileLoop<TKey, TPiece>
    where TKey : notnull
    where TPiece : class, IEquatable<TPiece>
{
    private readonly ReconcilePass<TKey, TPiece> _pass;
    private readonly ReconcileOptions _options;
    private readonly Func<IChangeFeed> _subscribe;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly StatusPart _status;
    private readonly ReconcileMetrics _metrics;
    private readonly string _name;
    private readonly Backoff _backoff;
    private readonly TaskCompletionSource _converged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastReadAt;

    /// <summary>A loop for a target.</summary>
    /// <param name="target">What is driven.</param>
    /// <param name="watches">The kinds that its plan reads.</param>
    /// <param name="context">The module's.</param>
    /// <param name="options">Null for the defaults.</param>
    public ReconcileLoop(ITarget<TKey, TPiece> target, IReadOnlyList<WatchRequest> watches, ModuleContext context, ReconcileOptions? options = null)
        : this(target, () => new CacheChangeFeed(context.Cache, watches), context, options)
    {
    }

    internal ReconcileLoop(ITarget<TKey, TPiece> target, Func<IChangeFeed> subscribe, ModuleContext context, ReconcileOptions? options)
    {
        _options = options ?? new ReconcileOptions();
        _subscribe = subscribe;
        _time = context.Time;
        _name = target.Name;
        _status = context.Status.Part(target.Name);
        _metrics = new ReconcileMetrics(context.Metrics, context.Status.Name, target.Name);
        _logger = context.Loggers.CreateLogger(context.Status.Name);
        _pass = new ReconcilePass<TKey, TPiece>(target, _logger, _metrics, _time);
        _backoff = new Backoff(_options.FirstBackoff, _options.LongestBackoff);
    }

    /// <summary>Done when everything was in place for the first time; never fails.</summary>
    public Task WhenConverged => _converged.Task;

    /// <summary>Plans a key again: something else than the cluster changed that its plan reads.</summary>
    public void Touch(TKey key) => _pass.Touched.Add(key);

    /// <summary>Plans a key again, and returns when that is in place, with everything that the cluster was known to ask for at the time of the call.</summary>
    /// <param name="key">The key.</param>
    /// <param name="whenInPlace">Called by the loop at that moment, between two passes; must be quick and must not throw.</param>
    /// <param name="cancellationToken">Ends the wait; the key is planned all the same.</param>
    public Task PlanAgainAsync(TKey key, Action whenInPlace, CancellationToken cancellationToken) => _pass.Touched.Add(key, whenInPlace).WaitAsync(cancellationToken);

    /// <summary>Runs until cancelled, which leaves the state in place.</summary>
    /// <exception cref="OperationCanceledException">Always, in the end.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var feed = _subscribe();
        using var resync = new PeriodicTimer(_options.ResyncEvery, _time);
        await feed.WhenSyncedAsync(cancellationToken);
        var cause = FullPassCause.Start;
        Task? changes = null;
        Task? drift = null;
        Task? timer = null;
        Task? touch = null;
        while (true)
        {
            if (cause != FullPassCause.None)
            {
                await FullPassUntilItWorksAsync(feed, cause, cancellationToken);
            }

            changes ??= feed.WaitAsync(cancellationToken);
            timer ??= resync.WaitForNextTickAsync(cancellationToken).AsTask();
            drift ??= DriftAsync(cancellationToken);
            touch ??= _pass.Touched.WaitAsync(cancellationToken);
            var woken = await Task.WhenAny(changes, touch, timer, drift);
            await woken;
            cause = woken == changes || woken == touch ? await ChangesAsync(feed, cancellationToken) : woken == drift ? FullPassCause.Drift : FullPassCause.Timer;
            changes = woken == changes ? null : changes;
            touch = woken == touch ? null : touch;
            timer = woken == timer ? null : timer;
            drift = woken == drift ? null : drift;
        }
    }

    private async Task<FullPassCause> ChangesAsync(IChangeFeed feed, CancellationToken cancellationToken)
    {
        try
        {
            _status.Begin();
            await _pass.ApplyChangesAsync(feed, cancellationToken);
            Succeeded();
            return FullPassCause.None;
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            await FailedAsync(exception, cancellationToken);
            return FullPassCause.Failure;
        }
    }

    private async Task FullPassUntilItWorksAsync(IChangeFeed feed, FullPassCause cause, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                _status.Begin();
                _lastReadAt = _time.GetTimestamp();
                var changed = await _pass.ReadAndApplyAsync(feed, afterSuccess: cause == FullPassCause.Drift, cancellationToken);
                Repaired(cause, changed);
                Succeeded();
                return;
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                await FailedAsync(exception, cancellationToken);
                cause = cause == FullPassCause.Start ? FullPassCause.Start : FullPassCause.Failure;
            }
        }
    }

    private void Repaired(FullPassCause cause, int changed)
    {
        if (cause == FullPassCause.Start)
        {
            ReconcileLog.Converged(_logger, _name, _pass.AppliedCount, changed);
            return;
        }

        _metrics.Repaired.Add(changed);
        if (changed > 0 && cause is FullPassCause.Drift or FullPassCause.Timer)
        {
            ReconcileLog.DriftRepaired(_logger, _name, changed);
        }
    }

    private void Succeeded()
    {
        _status.End();
        if (_backoff.Failures > 0)
        {
            ReconcileLog.Recovered(_logger, _name, _backoff.Failures);
            _backoff.Reset();
        }

        _metrics.LastSuccess.Set(_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);
        _status.SetCount(_pass.AppliedCount);
        TellProblems();
        _status.SetReady();
        _converged.TrySetResult();
    }

    private async Task FailedAsync(Exception exception, CancellationToken cancellationToken)
    {
        // Whatever a pass met that was cut short is not worth a word.
        cancellationToken.ThrowIfCancellationRequested();
        var wait = _backoff.Next();
        _metrics.Failures.Increment();
        _status.End();
        _status.SetFailing(exception.Message);
        TellProblems();
        if (_backoff.Failures == 1)
        {
            ReconcileLog.Failed(_logger, exception, _name);
        }
        else
        {
            ReconcileLog.FailedAgain(_logger, _name, wait.TotalSeconds, exception.Message);
        }

        await Task.Delay(wait, _time, cancellationToken);
    }

    private void TellProblems()
    {
        var (appeared, gone) = _pass.Problems.Settle();
        if (appeared.Count + gone.Count == 0)
        {
            return;
        }

        foreach (var problem in appeared)
        {
            ReconcileLog.Problem(_logger, problem.Kind, problem.Key, problem.Message);
        }

        foreach (var problem in gone)
        {
            ReconcileLog.ProblemGone(_logger, problem.Kind, problem.Key, problem.Message);
        }

        var all = _pass.Problems.All;
        _metrics.Problems.Set(all.Count);
        _status.SetProblems(all);
    }

    /// <summary>Returns when it is time to repair what somebody else changed: soon after the first signal, and not too often.</summary>
    private async Task DriftAsync(CancellationToken cancellationToken)
    {
        if (_options.Drift is null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return;
        }

        try
        {
            await _options.Drift.WaitForDriftAsync(cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            ReconcileLog.DriftWatchFailed(_logger, exception, _name);
        }

        var rest = _options.DriftSpacing - _time.GetElapsedTime(_lastReadAt);
        if (rest > TimeSpan.Zero)
        {
            await Task.Delay(rest, _time, cancellationToken);
        }
    }

    private enum FullPassCause
    {
        None,
        Start,
        Failure,
        Drift,
        Timer,
    }
}
