using System.Text;
using Kn.Lab.Api;
using static Kn.E2E.Tests.Ingresses.RoutingTests;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>Annotations of ingress-nginx. Needs root.</summary>
[Collection(IngressGroup.Name)]
public sealed class AnnotationTests(IngressLab lab)
{
    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task RewriteTarget_PutsCapturesIntoThePath()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync($"rules: [{{host: {host}, http: {{paths: [{Path("/api(/|$)(.*)", "ImplementationSpecific", "mirror")}]}}}}]", "rewrite-target: /$2;; use-regex: 'true'");
        await lab.ExpectAsync(host, "/api/v1?x=y", static answer => answer.Body.StartsWith("GET /v1?x=y ", StringComparison.Ordinal));
        Assert.StartsWith("GET / ", (await lab.AskAsync(host, "/API")).Body, StringComparison.Ordinal);
        Assert.Equal(404, (await lab.AskAsync(host, "/apis")).Status);
    }

    [Theory]
    [InlineData("app-root: /app", "/", 302, "http://HOST/app")]
    [InlineData("permanent-redirect: 'https://b.test$request_uri'", "/x?y=1", 301, "https://b.test/x?y=1")]
    [InlineData("permanent-redirect: 'https://b.test';; permanent-redirect-code: '308'", "/", 308, "https://b.test")]
    [InlineData("temporal-redirect: 'https://b.test'", "/", 302, "https://b.test")]
    [Conformance("ingress", "Annotations")]
    public async Task Redirect_LeadsElsewhere(string annotations, string path, int status, string location)
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "mirror"), annotations);
        var answer = await lab.ExpectAsync(host, path, answer => answer.Status == status);
        Assert.Equal(location.Replace("HOST", host, StringComparison.Ordinal), answer.Field("Location"));
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task WwwHost_LeadsToTheHost()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "mirror"), "from-to-www-redirect: 'true'");
        var answer = await lab.ExpectAsync($"www.{host}", "/x?y", static answer => answer.Status == 308);
        Assert.Equal($"http://{host}/x?y", answer.Field("Location"));
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task ServerAlias_IsServedAlike()
    {
        var (host, alias) = (lab.NewHost(), lab.NewHost());
        await using var ingress = await lab.IngressAsync(Rule(host, "other"), $"server-alias: {alias}");
        await lab.ExpectAsync(alias, "/", "other");
    }

    [Theory]
    [InlineData("whitelist-source-range: 10.0.0.0/8", 403)]
    [InlineData("whitelist-source-range: '10.0.0.0/8, 192.168.0.0/16, 172.16.0.0/12, 203.0.113.0/24'", 200)]
    [InlineData("denylist-source-range: 0.0.0.0/0", 403)]
    [InlineData("whitelist-source-range: nonsense", 503)]
    [Conformance("ingress", "Annotations")]
    public async Task SourceRange_SaysWhoMayAsk(string annotations, int status)
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "mirror"), annotations);
        await lab.ExpectAsync(host, "/", $"{status}");
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task Cors_AnswersPreflight_AndAllowsTheOrigin()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "mirror"), "enable-cors: 'true';; cors-allow-origin: 'https://*.b.test'");
        var answer = await lab.ExpectAsync(host, "/", static answer => answer.Status == 204, "-X", "OPTIONS", "-H", "Origin: https://x.b.test");
        Assert.True(answer.Has("Access-Control-Allow-Origin: https://x.b.test"), answer.Text);
        Assert.Equal("", (await lab.AskAsync(host, "/", "-H", "Origin: https://evil.test")).Field("Access-Control-Allow-Origin"));
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task BodySize_IsLimited_HoweverTheBodyIsSent()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "mirror"), "proxy-body-size: 1k");
        await lab.ExpectAsync(host, "/", "200");
        var body = new string('x', 1025);
        Assert.Equal(413, (await lab.AskAsync(host, "/", "--data", body)).Status);
        Assert.Equal(413, (await lab.AskAsync(host, "/", "-H", "Transfer-Encoding: chunked", "--data", body)).Status);
        Assert.Equal(200, (await lab.AskAsync(host, "/", "--data", body[1..])).Status);
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task RequestsOfAClient_AreLimited()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "other"), "limit-rpm: '1';; limit-burst-multiplier: '3'");
        await lab.ExpectAsync(host, "/", "503");
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task BasicAuth_GoesByTheSecret_AsThatChanges()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "other"), "auth-type: basic;; auth-secret: users;; auth-realm: here");
        await lab.ExpectAsync(host, "/", "503", "-u", "bob:secret");
        var users = Convert.ToBase64String(Encoding.UTF8.GetBytes("bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\nann:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"));
        await lab.CreateAsync(ApiResources.Secrets, $"{{apiVersion: v1, kind: Secret, metadata: {{name: users}}, data: {{auth: {users}}}}}");
        try
        {
            await lab.ExpectAsync(host, "/", "other", "-u", "bob:secret");
            Assert.Equal("other", (await lab.AskAsync(host, "/", "-u", "ann:U*U")).Body);
            Assert.Equal(401, (await lab.AskAsync(host, "/", "-u", "ann:wrong")).Status);
            Assert.Equal("Basic realm=\"here\", charset=\"UTF-8\"", (await lab.AskAsync(host)).Field("WWW-Authenticate"));
        }
        finally
        {
            await lab.Client.EnsureDeletedAsync(ApiResources.Secrets, IngressLab.Space, "users", null, CancellationToken.None);
        }
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task AuthUrl_IsAskedFirst_AndItsFieldsReachTheBackend()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(
            Rule(host, "mirror"), $"auth-url: 'http://mirror.{IngressLab.Space}.svc.cluster.local/check';; auth-response-headers: X-User;; auth-signin: 'https://login.test/start'");
        var answer = await lab.ExpectAsync(host, "/x", static answer => answer.Status == 302);
        Assert.Equal($"https://login.test/start?rd=http%3A%2F%2F{host}%2Fx", answer.Field("Location"));
        Assert.Contains(" user=bob ", (await lab.AskAsync(host, "/x", "-H", "Cookie: session=good", "-H", "X-User: forged")).Body, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task Canary_GetsRequestsByFieldAndCookie()
    {
        var host = lab.NewHost();
        await using var main = await lab.IngressAsync(Rule(host, "other"));
        await using var canary = await lab.IngressAsync(Rule(host, "mirror"), "canary: 'true';; canary-by-header: X-Canary;; canary-by-cookie: try");
        await lab.ExpectAsync(host, "/", static answer => answer.Has("X-Backend: mirror"), "-H", "X-Canary: always");
        Assert.Equal("other", (await lab.AskAsync(host)).Body);
        Assert.Equal("other", (await lab.AskAsync(host, "/", "-H", "X-Canary: never", "-H", "Cookie: try=always")).Body);
        Assert.True((await lab.AskAsync(host, "/", "-H", "Cookie: try=always")).Has("X-Backend: mirror"));
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task AffinityCookie_NamesTheSameEndpoint_OnEveryNode()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "web"), "affinity: cookie;; session-cookie-name: route");
        var answer = await lab.ExpectAsync(host, "/", static answer => answer.Field("Set-Cookie").StartsWith("route=", StringComparison.Ordinal));
        var cookie = answer.Field("Set-Cookie").Split(';')[0];
        await Framework.LabFixture.UntilAsync("node2 has the Ingress", async () => (await lab.AskNodeAsync(2, host)).Status == 200);
        for (var round = 0; round < 10; round++)
        {
            Assert.Equal(answer.Body, (await lab.AskNodeAsync(1 + (round % 2), host, "/", "-H", $"Cookie: {cookie}")).Body);
        }
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task HashOfTheTarget_LeadsToTheSameEndpoint_OnEveryNode()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "web"), "upstream-hash-by: $arg_msg");
        await lab.ExpectAsync(host, "/hostname?msg=1", static answer => answer.Status == 200);
        await Framework.LabFixture.UntilAsync("node2 has the Ingress", async () => (await lab.AskNodeAsync(2, host, "/hostname")).Status == 200);
        var byArgument = new List<string>();
        for (var number = 0; number < 12; number++)
        {
            var first = (await lab.AskNodeAsync(1, host, $"/hostname?msg={number}")).Body;
            Assert.Equal(first, (await lab.AskNodeAsync(2, host, $"/hostname?msg={number}")).Body);
            byArgument.Add(first);
        }

        Assert.Equal(["a", "b"], byArgument.Distinct().Order());
    }

    [Fact]
    [Conformance("ingress", "Annotations")]
    public async Task Snippet_IsRefused_AndAnEventSaysWhy()
    {
        var host = lab.NewHost();
        await using var ingress = await lab.IngressAsync(Rule(host, "other"), "configuration-snippet: 'deny all;';; proxy-cookie-path: '/ /x'");
        await lab.ExpectAsync(host, "/", "other");
        foreach (var expected in (string[])["configuration-snippet is refused", "proxy-cookie-path is not supported"])
        {
            await Framework.LabFixture.UntilAsync($"an Event says: {expected}", async () =>
            {
                var events = await lab.Client.ListAsync(ApiResources.Events, IngressLab.Space, null, CancellationToken.None);
                return events.Items.Any(item => item.ToJsonString().Contains(expected, StringComparison.Ordinal) && item.ToJsonString().Contains($"\"{ingress.Name}\"", StringComparison.Ordinal));
            });
        }
    }
}
