using Kn.Hosting.Reconciling;

namespace Kn.Hosting.Tests;

public sealed class BulkChangesTests
{
    private readonly BulkChanges _bulk = new();
    private readonly List<string> _log = [];

    private uint _version = uint.MaxValue;

    [Fact]
    public void EveryListener_IsAwayDuringTheChange()
    {
        using var first = _bulk.Register(new Listener("a", _log));
        using var second = _bulk.Register(new Listener("b", _log));
        Run(others: 0);
        Assert.Equal(["a pauses", "b pauses", "change", "a resumes", "b resumes"], _log);
    }

    [Fact]
    public void ChangeBySomebodyElse_IsToldToAll()
    {
        using var first = _bulk.Register(new Listener("a", _log));
        Run(others: 1);
        Assert.Equal("a missed something", _log[^1]);
    }

    /// <summary>Between the counting and the pause, and between the change and the end of the pause: nobody hears of it, but it is counted.</summary>
    [Theory, InlineData("a pauses"), InlineData("a resumes")]
    public void ChangeBySomebodyElse_AtTheEdges_IsToldToo(string edge)
    {
        using var first = _bulk.Register(new Listener("a", _log) { On = step => _version += step == edge ? 1u : 0 });
        Run(others: 0);
        Assert.Equal("a missed something", _log[^1]);
    }

    [Fact]
    public void FailedChange_CountsAsMissed_AndIsThrown()
    {
        using var first = _bulk.Register(new Listener("a", _log));
        Assert.Throws<InvalidOperationException>(() => _bulk.Run(static () => throw new InvalidOperationException("no"), () => _version));
        Assert.Equal(["a pauses", "a resumes", "a missed something"], _log);
    }

    [Fact]
    public void FormerListener_IsLeftAlone()
    {
        _bulk.Register(new Listener("a", _log)).Dispose();
        Run(others: 1);
        Assert.Equal(["change"], _log);
    }

    private void Run(uint others) => _bulk.Run(
        () =>
        {
            _log.Add("change");
            _version += 1 + others;
        },
        () => _version);

    private sealed class Listener(string name, List<string> log) : IBulkListener
    {
        public Action<string> On { get; init; } = static _ => { };

        public void Pause() => Note($"{name} pauses");

        public void Resume() => Note($"{name} resumes");

        public void Missed() => Note($"{name} missed something");

        private void Note(string step)
        {
            log.Add(step);
            On(step);
        }
    }
}
