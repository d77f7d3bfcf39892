namespace Kn.Routes.Bgp.Speaking;

/// <summary>Something that runs until it is told to end.</summary>
internal sealed class Running<T> : IDisposable
    where T : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private Running(T item, Func<CancellationToken, Task> run)
    {
        Item = item;
        Stop = _stop.Token;
        Task = System.Threading.Tasks.Task.Run(() => run(Stop), CancellationToken.None);
    }

    /// <summary>What runs.</summary>
    public T Item { get; }

    /// <summary>Its run.</summary>
    public Task Task { get; }

    /// <summary>Cancelled when it is to end.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Starts it.</summary>
    public static Running<T> Start(T item, Func<CancellationToken, Task> run) => new(item, run);

    /// <summary>Ends it, and returns when it has ended.</summary>
    public async Task EndAsync()
    {
        await _stop.CancelAsync();
        await Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Item.Dispose();
        _stop.Dispose();
    }
}
