using Kn.Hosting.Reconciling;

namespace Kn.Hosting.Tests;

public sealed class BulkChangesTests
{
    private readonly BulkChanges _bulk = new();
    private readonly List<string> _log = [];

    [Fact]
    public void EveryListener_IsAwayDuringTheChange()
    {
        using var first = _bulk.Register(new Listener("a", _log));
        using var second = _bulk.Register(new Listener("b", _log));
        _bulk.Run(() => Note("change", missed: false));
        Assert.Equal(["a pauses", "b pauses", "change", "a resumes", "b resumes"], _log);
    }

    [Fact]
    public void ChangeBySomebodyElse_IsToldToAll()
    {
        using var first = _bulk.Register(new Listener("a", _log));
        _bulk.Run(() => Note("change", missed: true));
        Assert.Equal("a resumes, missed", _log[^1]);
    }

    [Fact]
    public void FailedChange_CountsAsMissed_AndIsThrown()
    {
        using var first = _bulk.Register(new Listener("a", _log));
        Assert.Throws<InvalidOperationException>(() => _bulk.Run(static () => throw new InvalidOperationException("no")));
        Assert.Equal(["a pauses", "a resumes, missed"], _log);
    }

    [Fact]
    public void FormerListener_IsLeftAlone()
    {
        _bulk.Register(new Listener("a", _log)).Dispose();
        _bulk.Run(() => Note("change", missed: true));
        Assert.Equal(["change"], _log);
    }

    private bool Note(string what, bool missed)
    {
        _log.Add(what);
        return missed;
    }

    private sealed class Listener(string name, List<string> log) : IBulkListener
    {
        public void Pause() => log.Add($"{name} pauses");

        public void Resume(bool missed) => log.Add(missed ? $"{name} resumes, missed" : $"{name} resumes");
    }
}
