using Kn.Ingress.Proxying;
using Kn.Ingress.Routing;
using Kn.Ingress.Tests.Proxying;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Features;

/// <summary>What routes do with requests beside sending them on, in a running engine.</summary>
public sealed class FeatureTests
{
    private const string Post = "POST / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-App: a\r\n\r\nhello";

    [Theory]
    [InlineData("/foo(/|$)(.*)", "/$2", "/foo/bar?x=1", "GET /bar?x=1 HTTP/1.1")]
    [InlineData("/foo(/|$)(.*)", "/$2", "/foo", "GET / HTTP/1.1")]
    [InlineData("/foo(/|$)(.*)", "/x?y=$2", "/foo/b?z=2", "GET /x?y=b&z=2 HTTP/1.1")]
    [InlineData("/a/(.*)", "/$1/$7", "/a/%2Fb", "GET /%2Fb/ HTTP/1.1")]
    public async Task RewriteTarget_PutsCapturesIn(string path, string target, string asked, string expected)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { RewriteTarget = target }, path, PathMatch.Pattern);
        await engine.AskAsync(Get(asked));
        Assert.StartsWith(expected, Assert.Single(backend.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RewriteThatWouldClimb_IsRefused()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { RewriteTarget = "/x/.$1" }, "/a(.*)", PathMatch.Pattern);
        Assert.StartsWith("HTTP/1.1 400 ", await engine.AskAsync(Get("/a./b")), StringComparison.Ordinal);
        Assert.Empty(backend.Requests);
    }

    [Theory]
    [InlineData("/", 302, "http://a.org/app")]
    [InlineData("/other", 200, null)]
    public async Task AppRoot_LeadsTheBareHost(string path, int status, string? location)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { AppRoot = "/app" });
        Expect(await engine.AskAsync(Get(path)), status, location is null ? [] : [$"Location: {location}"]);
    }

    [Fact]
    public async Task Redirect_HasItsVariables()
    {
        await using var engine = new RunningEngine(null);
        engine.SetRule(RouteSettings.None with { Redirect = new RedirectSettings(308, "https://b.org$request_uri") });
        Expect(await engine.AskAsync(Get("/x?y=%20z")), 308, "Location: https://b.org/x?y=%20z");
    }

    [Theory]
    [InlineData("127.0.0.0/8", "", 200)]
    [InlineData("10.0.0.0/8", "", 403)]
    [InlineData("", "127.0.0.1/32", 403)]
    [InlineData("127.0.0.0/8", "127.0.0.1/32", 403)]
    public async Task AccessLists_DecideByAddress(string allowed, string denied, int status)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { Allowed = Prefixes(allowed), Denied = Prefixes(denied) });
        Expect(await engine.AskAsync(Get("/")), status);
    }

    [Theory]
    [InlineData("X-Forwarded-For: 192.0.2.7\r\n", 403)]
    [InlineData("X-Forwarded-For: 10.0.0.9, 192.0.2.7\r\n", 403)]
    [InlineData("X-Forwarded-For: 192.0.2.7, 10.0.0.9\r\n", 200)]
    public async Task BehindATrustedProxy_TheClientIsWhomItSays(string field, int status)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(new ProxySettings { Trusted = [IpPrefix.Parse("127.0.0.1/32")] }, backend.Port);
        engine.SetRule(RouteSettings.None with { Allowed = Prefixes("10.0.0.0/8") });
        Expect(await engine.AskAsync(Get("/", field)), status);
    }

    [Fact]
    public async Task Cors_AnswersPreflight_AndMarksAnswers()
    {
        await using var backend = ScriptedBackend.Answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: null\r\n\r\nok");
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { Cors = new CorsSettings { Origins = ["https://*.b.org", "https://c.org"], MaxAge = 7 } });
        Expect(
            await engine.AskAsync("OPTIONS / HTTP/1.1\r\nHost: a.org\r\nOrigin: https://x.b.org\r\nConnection: close\r\n\r\n"), 204,
            "Access-Control-Allow-Origin: https://x.b.org", "Access-Control-Max-Age: 7", "Access-Control-Allow-Credentials: true", "Vary: Origin");
        Assert.Empty(backend.Requests);
        var answer = await engine.AskAsync(Get("/", "Origin: https://c.org\r\n"));
        Expect(answer, 200, "Access-Control-Allow-Origin: https://c.org");
        Assert.DoesNotContain("Allow-Origin: null", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("https://x.y.b.org", await engine.AskAsync(Get("/", "Origin: https://x.y.b.org\r\n")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_CountAClientsRequests()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { Limits = new LimitSettings { PerMinute = 1, BurstMultiplier = 2 } });
        var statuses = new List<int>();
        for (var round = 0; round < 6; round++)
        {
            statuses.Add(StatusOf(await engine.AskAsync(Get("/"))));
        }

        Assert.Equal([200, 200, 200, 503, 503, 503], statuses);

        // Another change of the host forgets nothing.
        engine.SetRule(RouteSettings.None with { AppRoot = "/x", Limits = new LimitSettings { PerMinute = 1, BurstMultiplier = 2 } });
        Expect(await engine.AskAsync(Get("/y")), 503);
    }

    [Fact]
    public async Task ConnectionLimit_EndsWithTheRequest()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            while (await connection.ReadHeadAsync() is { } head)
            {
                if (head.StartsWith("GET /wait", StringComparison.Ordinal))
                {
                    await connection.ForeverAsync();
                }

                await connection.WriteAsync(Hello);
            }
        });
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { Limits = new LimitSettings { Connections = 1 } });
        for (var round = 0; round < 5; round++)
        {
            Expect(await engine.AskAsync(Get("/")), 200);
        }

        using (var waiting = engine.Connect())
        {
            await waiting.SendAsync(Get("/wait"));
            await UntilAsync(() => backend.Requests.Count == 6);
            Expect(await engine.AskAsync(Get("/")), 503);
        }

        await UntilAsync(() => StatusOf(engine.AskAsync(Get("/")).GetAwaiter().GetResult()) == 200);
    }

    [Theory]
    [InlineData("Content-Length: 11\r\n\r\nhello world", 413)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n", 413)]
    [InlineData("Content-Length: 5\r\n\r\nhello", 200)]
    public async Task Body_IsNoLongerThanAllowed(string rest, int status)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { MaxBodyBytes = 10 });
        Expect(await engine.AskAsync($"POST / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n{rest}"), status);
    }

    [Fact]
    public async Task LongBody_IsCutOffOnItsWay()
    {
        await using var backend = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.ForeverAsync();
        });
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { MaxBodyBytes = 100_000 });
        using var client = engine.Connect();
        await client.SendAsync("POST / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n");
        await UntilAsync(() => backend.Requests.Count == 1);
        await client.SendAsync($"30d40\r\n{new string('x', 200_000)}\r\n");
        Assert.StartsWith("HTTP/1.1 413 ", await client.ReadUntilAsync("\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fields_AreSetInBothDirections()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with
        {
            RequestFields = [new("X-Tenant", "$host-$arg_t"), new("Authorization", "")],
            AnswerFields = [new("X-App", "kn"), new("X-Frame-Options", "DENY")],
            UpstreamHost = "inner.local",
            ForwardedPrefix = "/p",
            ConnectionField = "keep-alive",
        });
        var answer = await engine.AskAsync(Get("/?t=7", "X-Tenant: forged\r\nAuthorization: Basic x\r\n"));
        Expect(answer, 200, "X-App: kn", "X-Frame-Options: DENY");
        Assert.DoesNotContain("X-App: a", answer, StringComparison.Ordinal);
        var request = Assert.Single(backend.Requests);
        Assert.Contains("\r\nHost: inner.local\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Tenant: a.org-7\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Forwarded-Prefix: /p\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: keep-alive\r\n", request, StringComparison.Ordinal);
        Assert.DoesNotContain("forged", request, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AffinityCookie_KeepsTheClientWithItsEndpoint_UntilThatIsGone()
    {
        await using var first = ScriptedBackend.Answering(Hello);
        await using var second = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, first.Port, second.Port);
        engine.SetRule(RouteSettings.None with { Affinity = new AffinitySettings { Name = "route", Attributes = "; Path=/; HttpOnly" } });
        var answer = await engine.AskAsync(Get("/"));
        var start = answer.IndexOf("Set-Cookie: route=", StringComparison.Ordinal) + 18;
        Assert.EndsWith("; Path=/; HttpOnly", answer[start..answer.IndexOf('\r', start)], StringComparison.Ordinal);
        var cookie = $"Cookie: a=b; route={answer[start..(start + 16)]}\r\n";
        var (mine, other) = first.Requests.IsEmpty ? (second, first) : (first, second);
        for (var round = 0; round < 10; round++)
        {
            Assert.DoesNotContain("Set-Cookie", await engine.AskAsync(Get("/", cookie)), StringComparison.Ordinal);
        }

        Assert.Equal((11, 0), (mine.Requests.Count, other.Requests.Count));
        engine.SetEndpoints(other.Port);
        Assert.Contains("Set-Cookie: route=", await engine.AskAsync(Get("/", cookie)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hash_LeadsEqualRequestsToOneEndpoint()
    {
        await using var first = ScriptedBackend.Answering(Hello);
        await using var second = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, first.Port, second.Port);
        engine.SetRule(RouteSettings.None with { HashBy = "$request_uri" });
        for (var path = 0; path < 20; path++)
        {
            for (var round = 0; round < 3; round++)
            {
                await engine.AskAsync(Get($"/{path}"));
            }
        }

        Assert.All(first.Requests.Concat(second.Requests).GroupBy(static request => request.Split(' ')[1]), static group => Assert.Equal(3, group.Count()));
        Assert.Empty(first.Requests.Select(static request => request.Split(' ')[1]).Intersect(second.Requests.Select(static request => request.Split(' ')[1])));
        Assert.NotEmpty(first.Requests);
        Assert.NotEmpty(second.Requests);
    }

    [Theory]
    [InlineData("X-Canary: always\r\n", true)]
    [InlineData("X-Canary: never\r\nCookie: canary=always\r\n", false)]
    [InlineData("X-Canary: whatever\r\nCookie: canary=always\r\n", true)]
    [InlineData("Cookie: canary=never\r\n", false)]
    [InlineData("", false)]
    public async Task Canary_GoesByFieldThenCookieThenWeight(string fields, bool isCanary)
    {
        await using var main = ScriptedBackend.Answering(Hello);
        await using var other = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, main.Port);
        engine.SetOther("canary", other.Port);
        engine.SetRule(RouteSettings.None, canary: new CanaryRule(new BackendRef(new ObjectKey("ns", "canary"), 80, ""), new CanarySettings { Header = "X-Canary", Cookie = "canary" }, "Ingress ns/c"));
        await engine.AskAsync(Get("/", fields));
        Assert.Equal(isCanary ? (0, 1) : (1, 0), (main.Requests.Count, other.Requests.Count));
    }

    [Fact]
    public async Task CanaryWeight_IsKept()
    {
        await using var main = ScriptedBackend.Answering(Hello);
        await using var other = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, main.Port);
        engine.SetOther("canary", other.Port);
        engine.SetRule(RouteSettings.None, canary: new CanaryRule(new BackendRef(new ObjectKey("ns", "canary"), 80, ""), new CanarySettings { Weight = 30 }, "Ingress ns/c"));
        using var client = engine.Connect();
        for (var round = 0; round < 1000; round++)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: a.org\r\n\r\n");
            await client.ReadUntilAsync("hello");
        }

        // Six standard deviations.
        Assert.InRange(other.Requests.Count, 213, 387);
    }

    [Fact]
    public async Task AnswersThatAreNoneToTake_AreAskedForElsewhere()
    {
        await using var broken = ScriptedBackend.Answering("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
        await using var sound = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, broken.Port, sound.Port);
        engine.SetRule(RouteSettings.None with { Retries = new RetrySettings(true, true, false, 3, [503]) });
        for (var round = 0; round < 6; round++)
        {
            Expect(await engine.AskAsync(Get("/")), 200);
        }

        Assert.NotEmpty(broken.Requests);

        // What must not be sent twice is not: one of two has the answer that comes.
        string[] statuses = [await engine.AskAsync(Post), await engine.AskAsync(Post)];
        Assert.Contains(statuses, static answer => StatusOf(answer) == 503);
    }

    [Fact]
    public async Task BrokenGuard_AnswersNobody()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { Broken = "whitelist-source-range" });
        Expect(await engine.AskAsync(Get("/")), 503);
        Assert.Empty(backend.Requests);
    }

    internal static string Get(string path, string fields = "") => $"GET {path} HTTP/1.1\r\nHost: a.org\r\n{fields}Connection: close\r\n\r\n";

    internal static void Expect(string answer, int status, params string[] lines)
    {
        Assert.Equal(status, StatusOf(answer));
        Assert.All(lines, line => Assert.Contains($"\r\n{line}\r\n", answer, StringComparison.Ordinal));
    }

    internal static int StatusOf(string answer) => int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture);

    internal static async Task UntilAsync(Func<bool> condition)
    {
        for (var round = 0; !condition(); round++)
        {
            Assert.True(round < 2000, "it does not come true");
            await Task.Delay(10);
        }
    }

    private static ValueList<IpPrefix> Prefixes(string text) => text.Length == 0 ? default : text.Split(',').Select(static part => IpPrefix.Parse(part)).ToValueList();
}
