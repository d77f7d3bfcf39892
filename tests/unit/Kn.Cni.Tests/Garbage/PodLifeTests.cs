using Kn.Cni.Garbage;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Cni.Tests.Ipam;

namespace Kn.Cni.Tests.Garbage;

/// <summary>Which attachments may be collected, and which never.</summary>
public sealed class PodLifeTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Link, namespace, pod in the API, process inside: what becomes of it.</summary>
    [Theory]
    [InlineData(true, nameof(NamespaceState.Same), nameof(PodPresence.Known), false, nameof(PodLife.Running))]
    [InlineData(true, nameof(NamespaceState.Same), nameof(PodPresence.Missing), true, nameof(PodLife.Running))]
    [InlineData(true, nameof(NamespaceState.Same), nameof(PodPresence.Unclear), false, nameof(PodLife.Running))]
    [InlineData(true, nameof(NamespaceState.Same), nameof(PodPresence.NotAPod), false, nameof(PodLife.Running))]
    [InlineData(true, nameof(NamespaceState.Gone), nameof(PodPresence.Known), false, nameof(PodLife.Running))]
    [InlineData(true, nameof(NamespaceState.Gone), nameof(PodPresence.Unclear), false, nameof(PodLife.Running))]
    [InlineData(true, nameof(NamespaceState.Gone), nameof(PodPresence.NotAPod), true, nameof(PodLife.Running))]
    [InlineData(true, nameof(NamespaceState.Unclear), nameof(PodPresence.NotAPod), false, nameof(PodLife.Running))]
    [InlineData(true, nameof(NamespaceState.Same), nameof(PodPresence.Missing), false, nameof(PodLife.Deserted))]
    [InlineData(true, nameof(NamespaceState.Gone), nameof(PodPresence.NotAPod), false, nameof(PodLife.Deserted))]
    [InlineData(false, nameof(NamespaceState.Same), nameof(PodPresence.Known), true, nameof(PodLife.Cut))]
    [InlineData(false, nameof(NamespaceState.Unclear), nameof(PodPresence.Unclear), false, nameof(PodLife.Cut))]
    [InlineData(false, nameof(NamespaceState.Gone), nameof(PodPresence.Known), true, nameof(PodLife.Gone))]
    [InlineData(false, nameof(NamespaceState.Gone), nameof(PodPresence.Unclear), false, nameof(PodLife.Gone))]
    public void Life_IsWhatTheSignsSay(bool hasLink, string space, string pod, bool inhabited, string life)
    {
        var attachment = new Attachment { Key = new AttachmentKey("c1", "eth0"), IsComplete = true };
        var item = new SurveyedAttachment(attachment, hasLink, Enum.Parse<NamespaceState>(space), Enum.Parse<PodPresence>(pod), () => inhabited);
        Assert.Equal(Enum.Parse<PodLife>(life), item.LifeAt(Now));
    }

    [Fact]
    public void UnfinishedAdd_IsLeftAlone_AsLongAsItMayBeAtWork()
    {
        var item = new SurveyedAttachment(
            new Attachment { Key = new AttachmentKey("c1", "eth0"), AddedAt = Now }, HasLink: false, NamespaceState.Gone, PodPresence.Missing, static () => false);
        Assert.Equal(PodLife.Beginning, item.LifeAt(Now + TimeSpan.FromMinutes(2)));
        Assert.Equal(PodLife.HalfMade, item.LifeAt(Now + SurveyedAttachment.LongestAdd));
    }

    [Fact]
    public void Grace_IsForThoseThatLookDesertedAllTheTime()
    {
        var time = new ManualTime();
        var ledger = new GraceLedger();
        AttachmentKey steady = new("steady", "eth0"), blinking = new("blinking", "eth0");
        var grace = TimeSpan.FromMinutes(5);
        Assert.Empty(ledger.Note([steady, blinking], grace, time));
        time.Advance(TimeSpan.FromMinutes(3));
        Assert.Empty(ledger.Note([steady], grace, time));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal([steady], ledger.Note([steady, blinking], grace, time));
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal([steady], ledger.Note([steady, blinking], grace, time));
    }
}
