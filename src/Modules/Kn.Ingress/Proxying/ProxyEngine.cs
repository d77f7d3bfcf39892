using Kn.Linux.Streams;

namespace Kn.Ingress.Proxying;

/// <summary>The threads that carry requests, and the listeners that these come by.</summary>
internal sealed class ProxyEngine : IAsyncDisposable
{
    private readonly Worker[] _workers;
    private readonly List<StreamListener> _listeners = [];
    private bool _isStarted;

    /// <summary>An engine that does not run yet.</summary>
    public ProxyEngine(int threads, ProxySettings settings, ProxySurroundings surroundings)
    {
        _workers = new Worker[threads];
        for (var index = 0; index < threads; index++)
        {
            _workers[index] = new Worker(index, settings, surroundings);
        }
    }

    /// <summary>How many threads.</summary>
    public int Threads => _workers.Length;

    /// <summary>Connections of clients now.</summary>
    public long Open => Sum(static counters => Volatile.Read(ref counters.Open));

    /// <summary>Fails when a thread does; done when all have ended.</summary>
    public Task Ended => Task.WhenAll(_workers.Select(static worker => worker.Ended));

    private bool AreQuiet => _workers.All(static worker => worker.IsQuiet);

    /// <summary>Takes connections by these, one for each thread; they are disposed with the engine.</summary>
    /// <param name="listeners">The listeners.</param>
    /// <param name="isTls">Whether clients speak TLS on them.</param>
    public void Listen(IReadOnlyList<StreamListener> listeners, bool isTls = false)
    {
        for (var index = 0; index < _workers.Length; index++)
        {
            _workers[index].Listen(listeners[index], isTls);
            _listeners.Add(listeners[index]);
        }
    }

    /// <summary>Begins.</summary>
    public void Start()
    {
        _isStarted = true;
        foreach (var worker in _workers)
        {
            worker.Start();
        }
    }

    /// <summary>Takes no more connections, and waits for those that there are to end.</summary>
    public async Task DrainAsync(TimeSpan longest, TimeProvider time)
    {
        var step = TimeSpan.FromMilliseconds(50);
        foreach (var worker in _workers)
        {
            worker.Drain();
        }

        // A connection may be taken until the last thread has seen that it is to take no more.
        for (var waited = TimeSpan.Zero; _isStarted && waited < longest && !(AreQuiet && Open == 0) && !Ended.IsCompleted; waited += step)
        {
            await Task.Delay(step, time);
        }
    }

    /// <summary>The sum of a counter over all threads.</summary>
    public long Sum(Func<WorkerCounters, long> read)
    {
        long sum = 0;
        foreach (var worker in _workers)
        {
            sum += read(worker.Counters);
        }

        return sum;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            worker.Stop();
        }

        if (_isStarted)
        {
            await Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (var worker in _workers)
        {
            worker.Dispose();
        }

        _listeners.ForEach(static listener => listener.Dispose());
    }
}
