using Kn.Kubernetes.Leases;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Kubernetes.Tests.Leases;

/// <summary>Elections by a clock that the test moves, on a Lease in memory.</summary>
public sealed class LeaderElectionTests
{
    private readonly FakeTime _time = new();
    private readonly MemoryLease _lease = new();
    private readonly List<Candidate> _candidates = [];

    [Fact]
    public async Task TheFirst_MakesTheLease_AndLeads()
    {
        var a = Join("a");
        await StepAsync(TimeSpan.Zero);
        Assert.True(a.Leads);
        Assert.Equal(("a", 15, 0), (_lease.Stored!.Holder, _lease.Stored.DurationSeconds, _lease.Stored.Transitions));
        await StopAsync();
    }

    [Fact]
    public async Task TheSecond_WaitsForAsLongAsTheFirstRenews()
    {
        var a = Join("a");
        await StepAsync(TimeSpan.Zero);
        var b = Join("b");
        await StepAsync(TimeSpan.FromMinutes(5));
        Assert.True(a.Leads);
        Assert.False(b.Leads);
        Assert.Equal("a", b.Election.Leader);
        await StopAsync();
    }

    [Fact]
    public async Task Released_TheNextTakesOverWithinARetryPeriod()
    {
        var a = Join("a");
        await StepAsync(TimeSpan.Zero);
        var b = Join("b");
        await StepAsync(TimeSpan.FromSeconds(5));
        await a.StopAsync();
        Assert.Equal("", _lease.Stored!.Holder);
        await StepAsync(TimeSpan.FromSeconds(3));
        Assert.True(b.Leads);
        Assert.Equal(("b", 1), (_lease.Stored.Holder, _lease.Stored.Transitions));
        await StopAsync();
    }

    [Fact]
    public async Task CutOff_TheLeaderStopsBeforeAnotherStarts()
    {
        var a = Join("a");
        await StepAsync(TimeSpan.Zero);
        var b = Join("b");
        await StepAsync(TimeSpan.FromSeconds(6));
        _lease.CutOff.Add("a");
        var stopped = TimeSpan.Zero;
        for (var second = 1; second <= 20; second++)
        {
            await StepAsync(TimeSpan.FromSeconds(1));
            Assert.False(a.Leads && b.Leads);
            stopped = stopped == TimeSpan.Zero && !a.Leads ? TimeSpan.FromSeconds(second) : stopped;
        }

        Assert.InRange(stopped.TotalSeconds, 8, 11);
        Assert.True(b.Leads);
        await StopAsync();
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task AClockThatIsWrong_NeitherTakesTheLeaseNorLosesIt(int seconds)
    {
        _lease.Stored = new Lease { Holder = "other", DurationSeconds = 15, RenewTime = _time.GetUtcNow().AddSeconds(seconds) };
        var a = Join("a");
        for (var second = 0; second < 60; second += 2)
        {
            _lease.Stored = _lease.Stored with { RenewTime = _lease.Stored.RenewTime?.AddSeconds(2) };
            await StepAsync(TimeSpan.FromSeconds(2));
            Assert.False(a.Leads);
        }

        await StepAsync(TimeSpan.FromSeconds(20));
        Assert.True(a.Leads);
        await StopAsync();
    }

    [Fact]
    public async Task TheSameNodeAfterACrash_LeadsOnAtOnce()
    {
        _lease.Stored = new Lease { Holder = "a", DurationSeconds = 15, RenewTime = _time.GetUtcNow(), Transitions = 4 };
        var a = Join("a");
        await StepAsync(TimeSpan.Zero);
        Assert.True(a.Leads);
        Assert.Equal(4, _lease.Stored.Transitions);
        await StopAsync();
    }

    [Fact]
    public async Task OneOfManyAtOnce_Leads()
    {
        for (var i = 0; i < 10; i++)
        {
            Join($"n{i}");
        }

        await StepAsync(TimeSpan.FromSeconds(10));
        Assert.Single(_candidates, static candidate => candidate.Leads);
        await StopAsync();
    }

    [Fact]
    public async Task AThousandCandidates_AskAsOftenAsEight_AndNoticeALossAllTheSame()
    {
        _lease.Stored = new Lease { Holder = "n0", DurationSeconds = 15, RenewTime = _time.GetUtcNow() };
        for (var i = 0; i < 1000; i++)
        {
            Join($"n{i}", 1000);
        }

        // After the first look of each.
        await StepAsync(TimeSpan.FromMinutes(6));
        var before = _lease.Reads;
        await StepAsync(TimeSpan.FromMinutes(5));
        Assert.InRange((_lease.Reads - before) / 300.0, 1, 5);
        _lease.CutOff.Add("n0");
        await StepAsync(TimeSpan.FromSeconds(30));
        Assert.Single(_candidates, static candidate => candidate.Leads);
        Assert.NotEqual("n0", _lease.Stored!.Holder);
        await StopAsync();
    }

    [Fact]
    public async Task WorkThatFails_GivesTheLeaseBack_AndItsErrorToTheCaller()
    {
        var election = new LeaderElection(new ElectionOptions { Identity = "a" }, _lease.For("a"), _time, NullLogger.Instance);
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            election.RunAsync(static _ => Task.FromException(new InvalidOperationException("no")), CancellationToken.None));
        Assert.Equal("no", failure.Message);
        Assert.Equal("", _lease.Stored!.Holder);
    }

    private Candidate Join(string name, int candidates = 1)
    {
        var candidate = new Candidate(name, candidates, _lease, _time);
        _candidates.Add(candidate);
        return candidate;
    }

    /// <summary>Moves the clock in small steps, and lets everybody come to rest after each: a candidate that has done what there is to do waits for its timer.</summary>
    private async Task StepAsync(TimeSpan by)
    {
        await RestAsync();
        for (var done = TimeSpan.Zero; done < by; done += TimeSpan.FromMilliseconds(500))
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            await RestAsync();
        }
    }

    private async Task RestAsync()
    {
        var since = System.Diagnostics.Stopwatch.StartNew();
        while (_time.Waiting < _candidates.Count(static candidate => candidate.IsRunning))
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(30), "candidates come to rest");
            await Task.Delay(1);
        }
    }

    private async Task StopAsync()
    {
        foreach (var candidate in _candidates)
        {
            await candidate.StopAsync();
        }
    }

    private sealed class Candidate : IDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _run;

        public Candidate(string name, int candidates, MemoryLease lease, FakeTime time)
        {
            Election = new LeaderElection(new ElectionOptions { Identity = name, Candidates = () => candidates }, lease.For(name), time, NullLogger.Instance);
            _run = Election.RunAsync(WorkAsync, _stop.Token);
        }

        public LeaderElection Election { get; }

        public bool Leads { get; private set; }

        public bool IsRunning => !_run.IsCompleted;

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _run.WaitAsync(TimeSpan.FromSeconds(20));
        }

        public void Dispose() => _stop.Dispose();

        private async Task WorkAsync(CancellationToken cancellationToken)
        {
            Leads = true;
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Leads = false;
        }
    }
}
