using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kn.Hosting.Pods;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;
using Xunit.Abstractions;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.NetnsTests;

/// <summary>Labels, pods and policies come and go while clients keep connecting: a minute, or as long as KN_SOAK_MINUTES says. Needs root.</summary>
/// <remarks>
/// <para>A change is <em>visible</em> when the cache has it, and <em>in place</em> when the gate says so: a CNI ADD would return. From when a denial is in place
/// until it is lifted nothing may get through, ever. From when an allowance is visible nothing may fail for longer than it takes to be put in place:
/// how long after it an attempt began that failed is printed, and that it ends is asserted after each burst of changes.</para>
/// <para>Alone in its process while it runs: what it weighs is the process.</para>
/// </remarks>
[Collection(Alone.Group)]
[CollectionDefinition(Alone.Group, DisableParallelization = true)]
public sealed class SoakTests(ITestOutputHelper output) : IDisposable
{
    private const int BurstOf = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);
    private static readonly AttachedPod Web = new(new ObjectKey("a", "web"), "", [IpAddress.Parse("10.0.1.1"), IpAddress.Parse("fd00:10:1::1")], "v1");
    private readonly PolicyNet _net = new();
    private readonly ConcurrentBag<string> _wrong = [];
    private readonly PeerRight[] _rights = [new(), new()];
    private long _attempts;
    private long _passed;
    private long _slowest;
    private long _slowestChange;

    [Fact]
    public async Task ManyChangesASecond_NeverLetAnybodyInWhoMayNot_AndKeepNobodyOutWhoMay()
    {
        await using var modules = new RunningModules(_net.Node.Namespace);
        modules.Context.AttachedPods.Set(Web);
        modules.Cache.Replace(ResourceKinds.Namespaces, [Namespace("a"), Namespace("b")]);
        modules.Cache.Replace(ResourceKinds.Pods, [Pod("a/web", "n1", "app=web", "10.0.1.1", "fd00:10:1::1")]);
        modules.Cache.Replace(ResourceKinds.NetworkPolicies, PolicyChurn.Policies);
        modules.Cache.Watch(ResourceKinds.Namespaces, ResourceKinds.Pods, ResourceKinds.NetworkPolicies);
        modules.StartPolicy();
        await modules.SettleAsync(Web);
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(double.Parse(Environment.GetEnvironmentVariable("KN_SOAK_MINUTES") ?? "1", CultureInfo.InvariantCulture)));
        var clients = Enumerable.Range(0, 4).Select(number => new Thread(() => Connect(number, stop.Token))).ToList();
        clients.ForEach(static client => client.Start());
        var (changes, early) = await ChurnAsync(modules, stop.Token);
        clients.ForEach(static client => client.Join());
        var late = LiveMemory.Read();
        output.WriteLine($"{changes} changes, {_attempts} connections, {_passed} got through; a change was in place {Stopwatch.GetElapsedTime(0, _slowestChange).TotalMilliseconds:F1} ms after it was visible at the latest, and no attempt failed that began more than {Stopwatch.GetElapsedTime(0, _slowest).TotalMilliseconds:F1} ms after an allowance was; {early / 1024} kB early, {late / 1024} kB late");
        Assert.Empty(_wrong);
        Assert.True(changes > 200 && _attempts > 1000 && _passed > 200 && _passed < _attempts, $"only {changes} changes and {_attempts} connections, of which {_passed} passed: nothing was shown");
        Assert.True(late - early < 4 << 20, $"memory grew from {early} to {late} bytes");
    }

    public void Dispose() => _net.Dispose();

    /// <summary>One change after another, each put in place before the next.</summary>
    private async Task<(int Changes, long EarlyMemory)> ChurnAsync(RunningModules modules, CancellationToken stop)
    {
        var (churn, changes, early) = (new PolicyChurn(), 0, 0L);
        while (!stop.IsCancellationRequested)
        {
            var before = churn.All();
            var (kind, deltas) = churn.Next();
            var after = churn.All();
            Tell(before, after, allowed: false, RightState.Unclear);
            modules.Cache.Apply(kind, deltas);
            Tell(before, after, allowed: true, RightState.Allowed);
            var visible = Stopwatch.GetTimestamp();
            await modules.SettleAsync(Web);
            Longest(ref _slowestChange, Stopwatch.GetTimestamp() - visible);
            Tell(before, after, allowed: false, RightState.Denied);
            early = ++changes == 200 ? LiveMemory.Read() : early;
            if (changes % BurstOf == 0)
            {
                Check(churn);
            }
        }

        return (changes, early);
    }

    private void Tell(bool[] before, bool[] after, bool allowed, RightState state)
    {
        for (var peer = 0; peer < _rights.Length; peer++)
        {
            if (before[peer] != after[peer] && after[peer] == allowed)
            {
                _rights[peer].Set(state);
            }
        }
    }

    /// <summary>Between two bursts of changes: everybody gets what is allowed now. Clients that fail meanwhile failed for long.</summary>
    private void Check(PolicyChurn churn)
    {
        for (var client = 0; client < 4; client++)
        {
            var (peer, target) = Role(client);
            if (churn.Allows(peer))
            {
                var since = Stopwatch.GetTimestamp();
                while (!Try(peer, target))
                {
                    Assert.True(Stopwatch.GetElapsedTime(since) < Bound, $"peer {peer} to {target} is kept out {Bound} after its allowance was in place");
                }
            }
            else
            {
                Assert.False(Try(peer, target), $"peer {peer} gets to {target}");
            }
        }
    }

    private static (int Peer, IPEndPoint Target) Role(int client) => (client % 2, new IPEndPoint(client < 2 ? Web.Addresses[0].ToIPAddress() : Web.Addresses[1].ToIPAddress(), PolicyNet.Port));

    private void Connect(int number, CancellationToken stop)
    {
        var (peer, target) = Role(number);
        while (!stop.IsCancellationRequested)
        {
            var before = _rights[peer].Read();
            var began = Stopwatch.GetTimestamp();
            var passed = Try(peer, target);
            var after = _rights[peer].Read();
            Interlocked.Increment(ref _attempts);
            Interlocked.Add(ref _passed, passed ? 1 : 0);
            if (before != after)
            {
                continue;
            }

            if (before.State == RightState.Denied && passed)
            {
                _wrong.Add($"peer {peer} to {target}: let in {Stopwatch.GetElapsedTime(before.Since, began).TotalMilliseconds:F1} ms after its denial was in place");
            }
            else if (before.State == RightState.Allowed && !passed)
            {
                Longest(ref _slowest, began - before.Since);
            }
        }
    }

    private bool Try(int peer, IPEndPoint target)
    {
        using var socket = (peer == 0 ? _net.Client : _net.OtherClient).Namespace.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        socket.LingerState = new LingerOption(true, 0);
        socket.Blocking = false;
        try
        {
            socket.Connect(target);
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // The usual case.
        }

        return socket.Poll(Patience, SelectMode.SelectWrite) && socket.Connected;
    }

    private static void Longest(ref long longest, long ticks)
    {
        for (var known = Volatile.Read(ref longest); ticks > known; known = Volatile.Read(ref longest))
        {
            Interlocked.CompareExchange(ref longest, ticks, known);
        }
    }
}
