using System.Diagnostics;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Informers;
using Kn.Kubernetes.Kubeconfigs;
using Microsoft.Extensions.Logging.Abstractions;
using static Kn.Kubernetes.Tests.Informers.ScriptedApi;
using static Kn.Kubernetes.Tests.Samples;

namespace Kn.Kubernetes.Tests.Informers;

public sealed class ReflectorTests : IAsyncLifetime
{
    private readonly ScriptedApi _api = new();
    private readonly ClusterCache _cache = new();
    private readonly FakeTime _time = new();
    private readonly List<IAsyncDisposable> _disposables = [];
    private ScriptedServer? _server;

    private KindCounters Counters => _cache.Kinds.Single().Counters;

    public async Task InitializeAsync() => _server = await ScriptedServer.StartAsync(_api.AnswerAsync);

    public async Task DisposeAsync()
    {
        foreach (var disposable in _disposables)
        {
            await disposable.DisposeAsync();
        }

        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Fact]
    public async Task Pages_AreFollowed_AndBecomeOneSnapshot()
    {
        _api.List("5", "next page", ServiceText("a", "1")).List("5", "more", ServiceText("b", "2")).List("5", "", ServiceText("c", "3")).OpenWatch();
        Start();
        await Until(() => _cache.IsSynced);
        Assert.Equal(["a", "b", "c"], Names());
        Assert.Equal(1, _cache.Version);
        Assert.Equal("/api/v1/services?limit=500&continue=next%20page", Requests()[1]);
    }

    [Fact]
    public async Task Events_AreApplied_AndTheNextWatchResumesFromTheLast()
    {
        _api.List("5", "", ServiceText("a", "1"))
            .Watch(Event("ADDED", ServiceText("b", "6")), Event("MODIFIED", ServiceText("a", "7", 81)), Event("DELETED", ServiceText("b", "8")), Bookmark("12"))
            .OpenWatch(Event("ADDED", ServiceText("c", "13")));
        Start();
        await Until(() => Names().SequenceEqual(["a", "c"]));
        Assert.Equal((ushort?)81, _cache.Current.Services.Find("ns", "a")?.Ports[0].Port);
        var watches = Watches();
        Assert.Contains("resourceVersion=5&", watches[0], StringComparison.Ordinal);
        Assert.Contains("resourceVersion=12&", watches[1], StringComparison.Ordinal);
        Assert.Contains("allowWatchBookmarks=true", watches[0], StringComparison.Ordinal);
        Assert.Equal((4, 1, 1, 0), (Counters.Events, Counters.Bookmarks, Counters.WatchRestarts, Counters.Relists));
    }

    [Fact]
    public async Task A410Event_ListsAgain_AndFindsWhatWasDeleted()
    {
        _api.List("5", "", ServiceText("a", "1"), ServiceText("b", "2")).Watch(Gone)
            .List("90", "", ServiceText("b", "2"), ServiceText("c", "80")).OpenWatch();
        using var queue = _cache.Subscribe(ResourceKinds.Services);
        Start();
        await Until(() => Names().SequenceEqual(["b", "c"]));
        Assert.Equal(1, Counters.Relists);
        await Until(() => Watches().Count == 2);
        Assert.Contains("resourceVersion=90&", Watches()[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A410Answer_ToAWatch_ListsAgain()
    {
        _api.List("5", "", ServiceText("a", "1")).OnWatch(Status(410, "Gone")).List("9", "", ServiceText("z", "9")).OpenWatch();
        Start();
        await Until(() => Names().SequenceEqual(["z"]));
    }

    [Fact]
    public async Task A410Answer_ToAContinue_StartsTheListOver()
    {
        _api.List("5", "t", ServiceText("a", "1")).OnList(Status(410, "Expired")).List("9", "", ServiceText("b", "1")).OpenWatch();
        Start();
        await Until(() => _cache.IsSynced);
        Assert.Equal(["b"], Names());
        Assert.DoesNotContain("continue", Requests()[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AMalformedObject_IsCountedAndSkipped_AndItsLastGoodStateStays()
    {
        const string Bad = """{"metadata":{"name":"a","namespace":"ns","resourceVersion":"7"},"spec":{"ports":[{"port":"x"}]}}""";
        _api.List("5", "", ServiceText("a", "1"), """{"metadata":{"name":"q","namespace":"ns"},"spec":7}""", "17")
            .Watch(Event("MODIFIED", Bad), """{"type":"WHAT","object":7}""", Event("ADDED", ServiceText("b", "8")))
            .Watch(Gone)
            .List("9", "", Bad, ServiceText("b", "8")).OpenWatch();
        Start();
        await Until(() => Counters.Relists == 1);
        Assert.Equal(["a", "b"], Names());
        Assert.Equal((ushort?)80, _cache.Current.Services.Find("ns", "a")?.Ports[0].Port);
        Assert.Equal(5, Counters.DecodeErrors);
    }

    [Theory]
    [InlineData("garbage\n")]
    [InlineData("{\"type\":\"ADDED\",\"object\":{\"metadata\"")]
    [InlineData("\u0000\u0001\u0002{}[]")]
    [InlineData("[1,2,3]")]
    [InlineData("")]
    public async Task ABrokenStream_IsOpenedAgain_FromWhatCameWhole(string broken)
    {
        _api.List("5", "").OnWatch(Body(Event("ADDED", ServiceText("a", "6")) + broken)).OpenWatch(Event("ADDED", ServiceText("b", "7")));
        Start();
        await Until(() => Names().SequenceEqual(["a", "b"]));
        Assert.Contains("resourceVersion=6&", Watches()[1], StringComparison.Ordinal);
        Assert.Equal(0, Counters.Relists);
    }

    [Fact]
    public async Task AWatchThatIsReset_IsOpenedAgain()
    {
        _api.List("5", "")
            .OnWatch(async context =>
            {
                await Body(Event("ADDED", ServiceText("a", "6")) + "\n{\"type\"")(context);
                await context.Response.Body.FlushAsync();

                // A reset throws away what the client has not read yet, and this server would not send it again.
                await Until(() => Names().SequenceEqual(["a"]));
                context.Abort();
            })
            .OpenWatch(Event("ADDED", ServiceText("b", "7")));
        Start();
        await Until(() => Names().SequenceEqual(["a", "b"]));
    }

    [Fact]
    public async Task WatchesThatGetNowhere_AreSpacedOut_AndEndInANewList()
    {
        _api.List("5", "").Watch().Watch().Watch().Watch().List("6", "", ServiceText("a", "6")).OpenWatch();
        Start(advance: false);
        for (var watch = 1; watch <= 4; watch++)
        {
            await Until(() => Watches().Count == watch && IsWaiting(watch));
            Advance();
        }

        await Until(() => Names().SequenceEqual(["a"]));
        Assert.Equal(1, Counters.Relists);
    }

    [Fact]
    public async Task AStalledWatch_IsNoticed()
    {
        _api.List("5", "").OpenWatch(Event("ADDED", ServiceText("a", "6"))).OpenWatch(Event("ADDED", ServiceText("b", "7")));
        Start(advance: false);
        await Until(() => Names().SequenceEqual(["a"]));
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Single(Watches());
        _time.Advance(TimeSpan.FromMinutes(6));
        await Until(() => Names().SequenceEqual(["a", "b"]));
        Assert.Contains("resourceVersion=6&", Watches()[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusedLists_AreRetried_WithGrowingWaits()
    {
        for (var failure = 0; failure < 5; failure++)
        {
            _api.OnList(Status(503, "ServiceUnavailable"));
        }

        _api.List("5", "", ServiceText("a", "1")).OpenWatch();
        Start(advance: false);
        for (var failure = 0; failure < 5; failure++)
        {
            await Until(() => Requests().Count == failure + 1 && IsWaiting(failure + 1));
            Assert.Contains("scripted", _cache.Kinds.Single().Problem, StringComparison.Ordinal);
            Advance();
        }

        await Until(() => _cache.IsSynced);
        Assert.Null(_cache.Kinds.Single().Problem);
    }

    [Fact]
    public async Task AnOptionalKindThatIsMissing_IsEmptyAndSynced_AndAskedForSeldom()
    {
        _api.OnList(context => { context.Response.StatusCode = 404; return Body("404 page not found")(context); });
        Start(new WatchRequest(ResourceKinds.ServiceCidrs), advance: false);
        await Until(() => _cache.IsSynced);
        _api.List("1", "", ServiceCidrJson).OpenWatch();
        await Until(() => _time.NextDue is not null);
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Single(Requests());
        _time.Advance(TimeSpan.FromMinutes(1));
        await Until(() => _cache.Current.ServiceCidrs.Count == 1);
    }

    [Fact]
    public async Task ACoreKindThatIsMissing_IsAFault_NotAnEmptyCluster()
    {
        _api.List("5", "", ServiceText("a", "1")).Watch(Gone).OnList(Status(404, "NotFound")).List("6", "", ServiceText("b", "1")).OpenWatch();
        Start(advance: false);
        await Until(() => _cache.Kinds.Single().Problem is not null);
        Assert.Equal(["a"], Names());
        await Until(() => IsWaiting(2));
        Advance();
        await Until(() => Names().SequenceEqual(["b"]));
    }

    [Fact]
    public async Task ABadCutList_IsRetried_AndAppliesNothingOfTheFirst()
    {
        _api.OnList(Body("""{"metadata":{"resourceVersion":"5"},"items":[""" + ServiceText("x", "1") + ","))
            .List("6", "", ServiceText("a", "1")).OpenWatch();
        Start();
        await Until(() => _cache.IsSynced);
        Assert.Equal(["a"], Names());
    }

    [Fact]
    public async Task TheSelector_IsPassedOn_AndAUnionOfTwoHasNone()
    {
        Assert.Equal(
            [new WatchRequest(ResourceKinds.Nodes), new WatchRequest(ResourceKinds.Pods, "spec.nodeName=a"), new WatchRequest(ResourceKinds.Services)],
            WatchUnion.Of(
            [
                new(ResourceKinds.Services, "metadata.name=x"), new(ResourceKinds.Pods, "spec.nodeName=a"), new(ResourceKinds.Nodes),
                new(ResourceKinds.Pods, "spec.nodeName=a"), new(ResourceKinds.Services),
            ]));
        _api.List("5", "").OpenWatch();
        Start(new WatchRequest(ResourceKinds.Pods, "spec.nodeName=a,status.phase!=Failed"));
        await Until(() => Watches().Count == 1);
        Assert.All(Requests(), request => Assert.Contains("&fieldSelector=spec.nodeName%3Da%2Cstatus.phase%21%3DFailed", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cancellation_EndsPromptly()
    {
        _api.List("5", "").OpenWatch();
        var informers = Start();
        await Until(() => Watches().Count == 1);
        await informers.DisposeAsync();
        Assert.True(informers.Completion.IsCompleted);
    }

    private ClusterInformers Start(WatchRequest? request = null, bool advance = true)
    {
        Debug.Assert(_server is not null);
        var client = new ApiClient(new ApiConnection { Server = _server.Url }, _time);
        var options = new InformerOptions { SnapshotGrace = TimeSpan.FromDays(1) };
        var informers = ClusterInformers.Start(
            client, _cache, [request ?? new WatchRequest(ResourceKinds.Services)], options, NullLogger.Instance, _time, CancellationToken.None);
        _disposables.Add(informers);
        _advances = advance;
        return informers;
    }

    private bool _advances;
    private TimeSpan _waited;

    /// <summary>True when the reflector waits in a back-off: a timer is due within the longest one, after half of the step at least.</summary>
    private bool IsWaiting(int failures)
    {
        if (_time.NextDue is not { } due || due > TimeSpan.FromSeconds(30))
        {
            return false;
        }

        _waited = due;
        var step = Math.Min(0.5 * Math.Pow(2, failures - 1), 30);
        Assert.InRange(due.TotalSeconds, step * 0.5, step);
        return true;
    }

    private void Advance() => _time.Advance(_waited);

    /// <summary>Waits until something is so; where the test does not care for back-offs, the clock steps over them.</summary>
    private async Task Until(Func<bool> condition)
    {
        var limit = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(limit.Elapsed < TimeSpan.FromSeconds(30), $"not within 30 s; requests: {string.Join(" ", Requests())}");
            await Task.Delay(5);
            if (_advances && _time.NextDue is { } due && due < TimeSpan.FromSeconds(31) && limit.ElapsedMilliseconds > 50)
            {
                _time.Advance(due);
            }
        }
    }

    private IEnumerable<string> Names() => _cache.Current.Services.Select(static service => service.Metadata.Name).Order(StringComparer.Ordinal);

    private List<string> Requests() => [.. _server?.Requests ?? []];

    private List<string> Watches() => [.. Requests().Where(static request => request.Contains("watch=1", StringComparison.Ordinal))];
}
