using Kn.Kubernetes.Api;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Kubeconfigs;
using Microsoft.Extensions.Logging;

namespace Kn.Kubernetes.Leases;

/// <summary>Takes part in the election of one leader by a Lease: waits until this candidate has it, works while it has, gives it back.</summary>
/// <remarks>The rules are client-go's (k8s.io/client-go/tools/leaderelection). At most one candidate works at a time as long as its clock
/// runs no faster than others' by more than LeaseDuration over RenewDeadline; writes whose loss would matter carry a resourceVersion.</remarks>
public sealed class LeaderElection
{
    private readonly ElectionOptions _options;
    private readonly ILeaseStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _start;
    private LeaseClaim _claim;
    private string? _problem;
    private string _leader = "";

    /// <summary>A candidate that has not looked yet.</summary>
    public LeaderElection(ElectionOptions options, ILeaseStore store, TimeProvider time, ILogger logger)
    {
        _options = options;
        _store = store;
        _time = time;
        _logger = logger;
        _start = time.GetTimestamp();
        _claim = new LeaseClaim(options);
    }

    /// <summary>Who leads, as far as this candidate knows; empty when nobody does.</summary>
    public string Leader => Volatile.Read(ref _leader);

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Runs <paramref name="work"/> once a term, until cancelled; then gives the Lease back when the work has ended.</summary>
    /// <param name="work">Its token is cancelled when the term ends; it should return soon then. What it throws ends the candidacy.</param>
    /// <param name="cancellationToken">Ends the candidacy.</param>
    public async Task RunAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        _claim = new LeaseClaim(_options);
        while (await AcquireAsync(cancellationToken))
        {
            LeaseLog.Elected(_logger, _options.Identity);
            using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var working = work(term.Token);
            await RenewUntilLostAsync(working, cancellationToken);
            await term.CancelAsync();
            await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested || working.IsFaulted)
            {
                await ReleaseAsync();
                if (working.IsFaulted)
                {
                    await working;
                }
            }
            else
            {
                LeaseLog.Lost(_logger, _options.Identity);
            }
        }
    }

    /// <summary>Waits for the Lease; false when cancelled.</summary>
    private async Task<bool> AcquireAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (await TryClaimAsync(cancellationToken))
            {
                return true;
            }

            var wait = _claim.NextLook(_time.GetUtcNow(), Random.Shared.NextDouble());
            await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return false;
    }

    /// <summary>Renews; returns when another has the Lease, when it could not be renewed in time, or when the work is over.</summary>
    private async Task RenewUntilLostAsync(Task working, CancellationToken cancellationToken)
    {
        var renewedAt = Now;
        while (!working.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            var left = renewedAt + _options.RenewDeadline - Now;
            if (left <= TimeSpan.Zero)
            {
                return;
            }

            await working.WaitAsync(left < _options.RetryPeriod ? left : _options.RetryPeriod, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            left = renewedAt + _options.RenewDeadline - Now;
            if (working.IsCompleted || cancellationToken.IsCancellationRequested || left <= TimeSpan.Zero)
            {
                continue;
            }

            var started = Now;
            using var deadline = new CancellationTokenSource(left, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            if (await TryClaimAsync(either.Token))
            {
                // From before the request: that is when others may have begun to count.
                renewedAt = started;
            }
            else if (_claim.IsOthers(Now))
            {
                return;
            }
        }
    }

    /// <summary>One try to take or renew. A holder writes at once over the version that it knows, and reads only when that fails.</summary>
    private async Task<bool> TryClaimAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_claim.IsHolder && await TryWriteAsync(cancellationToken))
            {
                return true;
            }

            Observe(await _store.ReadAsync(cancellationToken));
            var isClaimed = !_claim.IsOthers(Now) && await TryWriteAsync(cancellationToken);
            Recovered();
            return isClaimed;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception error) when (error is ApiException or ObjectDecodeException or KubeconfigException)
        {
            Failed(error.Message);
            return false;
        }
    }

    /// <summary>False when somebody was faster.</summary>
    private async Task<bool> TryWriteAsync(CancellationToken cancellationToken)
    {
        var claimed = _claim.Claimed(_time.GetUtcNow());
        try
        {
            Observe(_claim.Observed is null ? await _store.CreateAsync(claimed, cancellationToken) : await _store.ReplaceAsync(claimed, cancellationToken));
            Recovered();
            return true;
        }
        catch (ApiException error) when (error.Status is 409 or 404)
        {
            return false;
        }
    }

    private async Task ReleaseAsync()
    {
        if (!_claim.IsHolder)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(_options.RetryPeriod, _time);
        try
        {
            Observe(await _store.ReplaceAsync(_claim.Released(_time.GetUtcNow()), deadline.Token));
            LeaseLog.Released(_logger, _options.Identity);
        }
        catch (Exception error) when (error is ApiException or ObjectDecodeException or KubeconfigException or OperationCanceledException)
        {
            // It runs out by itself.
            LeaseLog.NotReleased(_logger, error.Message);
        }
    }

    private void Observe(Lease? lease)
    {
        _claim.Observe(lease, Now);
        var leader = lease?.Holder ?? "";
        if (leader != _leader)
        {
            Volatile.Write(ref _leader, leader);
            LeaseLog.LeaderChanged(_logger, leader);
        }
    }

    private void Failed(string problem)
    {
        if (_problem is null)
        {
            LeaseLog.Unreachable(_logger, problem);
        }

        _problem = problem;
    }

    private void Recovered()
    {
        if (_problem is not null)
        {
            LeaseLog.Reachable(_logger);
        }

        _problem = null;
    }
}
