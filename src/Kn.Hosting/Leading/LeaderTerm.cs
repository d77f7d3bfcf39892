using Kn.Kubernetes.Api;

namespace Kn.Hosting.Leading;

/// <summary>The time from when a node began to lead until it leads no longer; it ends when everybody's work has.</summary>
internal sealed class LeaderTerm(ApiClient client, CancellationToken ended) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _working;
    private bool _isOver;

    /// <summary>Counts one more that works; false when the term is over.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (_isOver || ended.IsCancellationRequested)
            {
                return false;
            }

            _working++;
            return true;
        }
    }

    /// <summary>Works until the term ends; after <see cref="TryEnter"/>.</summary>
    public async Task WorkAsync(Func<ApiClient, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended, cancellationToken);
            await work(client, either.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // As asked; the next term is another's, or comes later.
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Nobody enters any more; returns when nobody works.</summary>
    public Task WhenIdleAsync()
    {
        lock (_lock)
        {
            _isOver = true;
            if (_working == 0)
            {
                _idle.TrySetResult();
            }
        }

        return _idle.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => _idle.TrySetResult();

    private void Leave()
    {
        lock (_lock)
        {
            if (--_working == 0 && _isOver)
            {
                _idle.TrySetResult();
            }
        }
    }
}
