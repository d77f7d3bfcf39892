using Kn.Hosting.Leading;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Kubeconfigs;
using Kn.Kubernetes.Leases;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Hosting.Tests.Leading;

/// <summary>Several modules' work in one term.</summary>
public sealed class ClusterLeadershipTests : IDisposable
{
    private readonly OneLease _lease = new();
    private readonly ApiClient _client = new(new ApiConnection { Server = new Uri("http://127.0.0.1:1") });
    private readonly ClusterLeadership _leadership = new();
    private readonly CancellationTokenSource _stop = new();

    public void Dispose()
    {
        _client.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task WhoIsNotNeeded_DoesNotEvenAsk()
    {
        var running = Run();
        await Task.Yield();
        Assert.Equal(0, _lease.Reads);
        await EndAsync(running);
    }

    [Fact]
    public async Task EveryModule_WorksInTheTerm_AndTheLeaseIsGivenBackAfterTheirWork()
    {
        var running = Run();
        var working = 0;
        async Task WorkAsync(ApiClient client, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref working);
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.Equal("n1", _lease.Stored?.Holder);
            Interlocked.Decrement(ref working);
        }

        using var modules = new CancellationTokenSource();
        Task[] leading = [_leadership.LeadAsync(WorkAsync, modules.Token), _leadership.LeadAsync(WorkAsync, modules.Token)];
        await TestContexts.UntilAsync(() => Volatile.Read(ref working) == 2, "both work");
        Assert.True(_leadership.IsLeader);
        await EndAsync(running);
        Assert.Equal((0, ""), (working, _lease.Stored!.Holder));
        Assert.False(_leadership.IsLeader);
        await modules.CancelAsync();
        await Task.WhenAll(leading).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    [Fact]
    public async Task AModuleThatFails_IsTold_AndTheLastGivesTheLeaseBack()
    {
        var running = Run();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            _leadership.LeadAsync(static (_, _) => Task.FromException(new InvalidOperationException("no")), CancellationToken.None));
        Assert.Equal("no", error.Message);
        await TestContexts.UntilAsync(() => _lease.Stored?.Holder.Length == 0, "the Lease is given back");
        await EndAsync(running);
    }

    private Task Run() => _leadership.RunAsync(
        new LeaderElection(new ElectionOptions { Identity = "n1" }, _lease, TimeProvider.System, NullLogger.Instance), () => _client, _stop.Token);

    private async Task EndAsync(Task running)
    {
        await _stop.CancelAsync();
        await running.WaitAsync(TestContexts.Deadline);
    }

    private sealed class OneLease : ILeaseStore
    {
        public Lease? Stored { get; private set; }

        public int Reads { get; private set; }

        public Task<Lease?> ReadAsync(CancellationToken cancellationToken)
        {
            Reads++;
            return Task.FromResult(Stored);
        }

        public Task<Lease> CreateAsync(Lease lease, CancellationToken cancellationToken) => Task.FromResult(Stored = lease);

        public Task<Lease> ReplaceAsync(Lease lease, CancellationToken cancellationToken) => Task.FromResult(Stored = lease);
    }
}
