using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Kn.Linux.Namespaces;
using Kn.Primitives;

namespace Kn.E2E.Tests.Services;

/// <summary>Begins a connection every few milliseconds, each without waiting for those before: shows from when to when new ones fail.</summary>
/// <remarks>A SYN that is lost is sent again after a second. So a connection that is not there within a fraction of that began while nobody
/// served it, and the time between the first such and the next that succeeds is the outage, whatever TCP mends afterwards.</remarks>
internal sealed class ConnectStream : IAsyncDisposable
{
    private static readonly TimeSpan Pitch = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(600);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<Attempt> _attempts = new();
    private readonly Task _running;

    /// <summary>Begins.</summary>
    public ConnectStream(NetworkNamespace from, IpAddress address, int port) =>
        _running = RunAsync(from, new IPEndPoint(address.ToIPAddress(), port));

    /// <summary>How many connections have succeeded or failed.</summary>
    public int Count => _attempts.Count;

    /// <summary>How many failed.</summary>
    public int Failures => _attempts.Count(static attempt => !attempt.Succeeded);

    /// <summary>The longest time in which every connection that began failed: to the next that succeeded.</summary>
    public TimeSpan LongestOutage()
    {
        var longest = TimeSpan.Zero;
        long? since = null;
        foreach (var attempt in _attempts.OrderBy(static attempt => attempt.Began))
        {
            if (!attempt.Succeeded)
            {
                since ??= attempt.Began;
            }
            else if (since is { } start)
            {
                var outage = Stopwatch.GetElapsedTime(start, attempt.Began);
                longest = outage > longest ? outage : longest;
                since = null;
            }
        }

        return since is null ? longest : TimeSpan.MaxValue;
    }

    /// <summary>Ends the stream and waits for the connections under way.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
            await _running;
        }
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
        using var socket = from.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.LingerState = new LingerOption(true, 0);
        var began = Stopwatch.GetTimestamp();
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await socket.ConnectAsync(target, patience.Token);
            _attempts.Enqueue(new Attempt(began, Succeeded: true));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            _attempts.Enqueue(new Attempt(began, Succeeded: false));
        }
    }

    private readonly record struct Attempt(long Began, bool Succeeded);
}
