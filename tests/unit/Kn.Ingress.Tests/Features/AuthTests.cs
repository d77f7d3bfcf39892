using System.Text;
using Kn.Ingress.Features;
using Kn.Ingress.Routing;
using Kn.Ingress.Tests.Proxying;
using Kn.Primitives;
using static Kn.Ingress.Tests.Features.FeatureTests;

namespace Kn.Ingress.Tests.Features;

public sealed class AuthTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    [Theory]
    [InlineData("myPassword", "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/")]
    [InlineData("secret", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=")]
    [InlineData("Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5")]
    [InlineData("Hello world!", "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1")]
    [InlineData("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")]
    public void Hashes_OfAllKinds_AreVerified(string password, string hash)
    {
        Assert.True(HtpasswdHash.Verify(Encoding.UTF8.GetBytes(password), hash), hash);
        Assert.False(HtpasswdHash.Verify(Encoding.UTF8.GetBytes(password + "x"), hash), hash);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("$9$x$y")]
    [InlineData("")]
    public void UnknownHash_IsNobodys(string hash) => Assert.False(HtpasswdHash.Verify("plain"u8, hash));

    [Theory]
    [InlineData(null, 401)]
    [InlineData("bob:secret", 200)]
    [InlineData("bob:wrong", 401)]
    [InlineData("eve:secret", 401)]
    [InlineData("ann:U*U", 200)]
    public async Task BasicAuth_LetsThoseInThatAreKnown(string? credentials, int status)
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { BasicAuth = new BasicAuthSettings("here", ValueMap.Of(("bob", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="), ("ann", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))) });
        for (var round = 0; round < 3; round++)
        {
            var answer = await engine.AskAsync(Get("/", credentials is null ? "" : $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials))}\r\n"));
            Expect(answer, status, status == 401 ? ["WWW-Authenticate: Basic realm=\"here\", charset=\"UTF-8\""] : []);
        }

        Assert.Equal(status == 200 ? 3 : 0, backend.Requests.Count);
    }

    [Fact]
    public async Task BodyOfARequestThatWaits_GetsThere()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { BasicAuth = new BasicAuthSettings("here", ValueMap.Of(("ann", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))) });
        using var client = engine.Connect();
        var authorization = Convert.ToBase64String("ann:U*U"u8);
        await client.SendAsync($"POST /1 HTTP/1.1\r\nHost: a.org\r\nAuthorization: Basic {authorization}\r\nContent-Length: 100000\r\n\r\nabc");
        await client.SendAsync(new string('x', 99_997) + $"GET /2 HTTP/1.1\r\nHost: a.org\r\nAuthorization: Basic {authorization}\r\n\r\n");
        await client.ReadUntilAsync("hello");
        await client.ReadUntilAsync("hello");
        Assert.Equal(["POST", "GET"], backend.Requests.Select(static request => request.Split(' ')[0]));
    }

    [Fact]
    public async Task ForwardAuth_LetsPass_AndTellsTheBackend()
    {
        await using var auth = ScriptedBackend.Answering("HTTP/1.1 200 OK\r\nX-User: bob\r\nContent-Length: 2\r\n\r\nok");
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetOther("auth", auth.Port);
        engine.SetRule(RouteSettings.None with { ForwardAuth = Forward("http://auth/check?u=$escaped_request_uri") with { AnswerFields = ["X-User", "X-Groups"] } });
        using var client = engine.Connect();
        for (var round = 0; round < 3; round++)
        {
            await client.SendAsync("POST /x?y=1 HTTP/1.1\r\nHost: a.org\r\nX-Groups: forged\r\nCookie: s=1\r\nContent-Length: 4\r\n\r\nbody");
            await client.ReadUntilAsync("hello");
        }

        Assert.All(backend.Requests, static request =>
        {
            Assert.Contains("\r\nX-User: bob\r\n", request, StringComparison.Ordinal);
            Assert.DoesNotContain("forged", request, StringComparison.Ordinal);
        });
        Assert.Equal(3, backend.Requests.Count);
        Assert.Equal(1, auth.Connections);
        var asked = auth.Requests.First();
        Assert.StartsWith("GET /check?u=%2Fx%3Fy%3D1 HTTP/1.1\r\nHost: auth\r\n", asked, StringComparison.Ordinal);
        Assert.Contains("\r\nCookie: s=1\r\n", asked, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Original-Url: http://a.org/x?y=1\r\n", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("Content-Length", asked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\r\nContent-Length: 2\r\n\r\nno", null, 401, "WWW-Authenticate: Bearer")]
    [InlineData("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", null, 403, null)]
    [InlineData("HTTP/1.1 302 Away\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", null, 500, null)]
    [InlineData("garbage\r\n\r\n", null, 502, null)]
    [InlineData("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "https://login.org/start", 302, "Location: https://login.org/start?rd=http%3A%2F%2Fa.org%2Fx%3Fy%3D1")]
    [InlineData("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "https://$host/start?rd=$escaped_request_uri", 302, "Location: https://a.org/start?rd=%2Fx%3Fy%3D1")]
    public async Task ForwardAuth_Refuses(string answer, string? signIn, int status, string? line)
    {
        await using var auth = ScriptedBackend.Answering(answer);
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetOther("auth", auth.Port);
        engine.SetRule(RouteSettings.None with { ForwardAuth = Forward("http://auth/check") with { SignIn = signIn } });
        Expect(await engine.AskAsync(Get("/x?y=1")), status, line is null ? [] : [line]);
        Assert.Empty(backend.Requests);
    }

    [Fact]
    public async Task ForwardAuth_ThatIsNotThere_LetsNobodyPass()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        engine.SetRule(RouteSettings.None with { ForwardAuth = Forward("http://nowhere/check") });
        Expect(await engine.AskAsync(Get("/")), 503);
        engine.SetOther("auth", 1);
        engine.SetRule(RouteSettings.None with { ForwardAuth = Forward("http://auth/check") });
        Assert.InRange(StatusOf(await engine.AskAsync(Get("/"))), 502, 503);
        Assert.Empty(backend.Requests);
    }

    [Fact]
    public async Task ClientThatLeavesWhileItWaits_LeavesNothing()
    {
        await using var auth = new ScriptedBackend(static async connection =>
        {
            await connection.ReadHeadAsync();
            await connection.ForeverAsync();
        });
        await using var engine = new RunningEngine(null);
        engine.SetOther("auth", auth.Port);
        engine.SetRule(RouteSettings.None with { ForwardAuth = Forward("http://auth/check") });
        using (var client = engine.Connect())
        {
            await client.SendAsync(Get("/"));
            await UntilAsync(() => auth.Requests.Count == 1);
        }

        await UntilAsync(() => engine.Engine.Open == 0);
    }

    private static ForwardAuthSettings Forward(string url) => new() { Url = url };
}
