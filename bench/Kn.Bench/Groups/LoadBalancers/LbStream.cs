using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.LoadBalancers;

/// <summary>Begins a connection every 5 ms, none waiting for another; one that is not there within 600 ms is lost. A SYN is sent again after a second, so nothing
/// that TCP mends counts as kept.</summary>
internal sealed class LbStream : IDisposable
{
    private static readonly TimeSpan Pitch = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(600);
    private readonly ConcurrentQueue<(long Began, bool Succeeded)> _attempts = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public LbStream(NetworkNamespace from, string address) => _running = Task.Run(() => RunAsync(from, new IPEndPoint(IPAddress.Parse(address), 80)));

    /// <summary>Connections that have succeeded or failed.</summary>
    public int Count => _attempts.Count;

    /// <summary>Those that failed.</summary>
    public int Lost => _attempts.Count(static attempt => !attempt.Succeeded);

    /// <summary>Waits for so many more.</summary>
    public void Await(int more)
    {
        var goal = Count + more;
        while (Count < goal)
        {
            Thread.Sleep(5);
        }
    }

    /// <summary>Whether the last to end have succeeded.</summary>
    public bool AnswersNow() => _attempts.Reverse().Take(20).ToList() is { Count: 20 } last && last.TrueForAll(static attempt => attempt.Succeeded);

    /// <summary>From the first that failed to the next that succeeded, the longest such time.</summary>
    public TimeSpan LongestOutage()
    {
        var longest = TimeSpan.Zero;
        long? since = null;
        foreach (var (began, succeeded) in _attempts.OrderBy(static attempt => attempt.Began))
        {
            if (!succeeded)
            {
                since ??= began;
            }
            else if (since is { } start)
            {
                var outage = Stopwatch.GetElapsedTime(start, began);
                longest = outage > longest ? outage : longest;
                since = null;
            }
        }

        return longest;
    }

    /// <summary>Ends it, and waits for those under way.</summary>
    public void Stop()
    {
        _stop.Cancel();
        ((IAsyncResult)_running).AsyncWaitHandle.WaitOne();
    }

    public void Dispose()
    {
        Stop();
        _stop.Dispose();
    }

    private async Task RunAsync(NetworkNamespace from, IPEndPoint target)
    {
        using var pace = new PeriodicTimer(Pitch);
        var underWay = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            await pace.WaitForNextTickAsync(CancellationToken.None);
            underWay.RemoveAll(static attempt => attempt.IsCompleted);
            underWay.Add(ConnectAsync(from, target));
        }

        await Task.WhenAll(underWay);
    }

    private async Task ConnectAsync(NetworkNamespace from, IPEndPoint target)
    {
        using var socket = from.Run(static () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        socket.LingerState = new LingerOption(true, 0);
        var began = Stopwatch.GetTimestamp();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(target, patience.Token);
            _attempts.Enqueue((began, true));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            _attempts.Enqueue((began, false));
        }
    }
}
