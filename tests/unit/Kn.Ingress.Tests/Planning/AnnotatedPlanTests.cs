using System.Text;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Planning;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Planning;

/// <summary>What annotations make of a host's routes.</summary>
public sealed class AnnotatedPlanTests
{
    private static readonly ClassRules s_classes = new("kn", WithoutClass: false);

    [Fact]
    public void Canary_IsPartOfTheRuleThatItIsTheCanaryOf()
    {
        var problems = new Problems();
        var piece = Plan("a.org", problems, Annotated("main", Build.Prefix("/x")), Annotated("try", Build.Prefix("/x", "new"), ("canary", "true"), ("canary-weight", "10")).Aged(9));
        var rule = Assert.Single(piece.Rules);
        Assert.Equal("web", rule.Backend!.Value.Service.Name);
        Assert.Equal(("new", 10), (rule.Canary!.Backend!.Value.Service.Name, rule.Canary.Settings.Weight));
        Assert.Empty(problems.All);
    }

    [Fact]
    public void CanaryOfNothing_IsTold_AndServesNothing()
    {
        var problems = new Problems();
        var piece = Plan("a.org", problems, Annotated("try", Build.Prefix("/x", "new"), ("canary", "true")));
        Assert.Empty(piece.Rules);
        Assert.Contains("canary of nothing", Assert.Single(problems.All).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Alias_HasTheRoutesOfItsHost_AndWwwLeadsThere()
    {
        var ingress = Annotated("i", Build.Prefix("/x"), ("server-alias", "B.org, c.org"), ("from-to-www-redirect", "true"));
        Assert.Equal(Plan("a.org", new Problems(), ingress), Plan("b.org", new Problems(), ingress));
        var www = Plan("www.a.org", new Problems(), ingress);
        Assert.Equal(new RedirectSettings(308, "$scheme://a.org$request_uri"), www.Fallback!.Settings.Redirect);
        Assert.Empty(www.Rules);

        // Rules of its own come first.
        var own = Plan("www.a.org", new Problems(), ingress, Build.Ingress("own", Build.Rule("www.a.org", Build.Prefix("/"))));
        Assert.Null(own.Fallback);
        Assert.Single(own.Rules);
    }

    [Fact]
    public void PathsOfPatterns_ArePatterns_ThoseOfOthersAreNot()
    {
        var piece = Plan("a.org", new Problems(), Annotated("p", Build.Prefix("/v([0-9]+)"), ("use-regex", "true")), Annotated("q", Build.Exact("/v([0-9]+)")), Annotated("r", Build.Prefix("/plain")));
        Assert.Equal(["/plain Prefix", "/v([0-9]+) Exact", "/v([0-9]+) Pattern"], piece.Rules.Select(static rule => $"{rule.Path} {rule.Match}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void PathThatIsNoPattern_IsTold_AndNotServed()
    {
        var problems = new Problems();
        Assert.Empty(Plan("a.org", problems, Annotated("p", Build.Prefix("/(?=x)"), ("use-regex", "true"))).Rules);
        Assert.Contains("looking around", Assert.Single(problems.All).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Users_ComeFromTheSecret_AndWithoutItNobodyIsLetIn()
    {
        var ingress = Annotated("i", Build.Prefix("/"), ("auth-type", "basic"), ("auth-secret", "users"));
        var problems = new Problems();
        Assert.NotNull(Plan("a.org", problems, ingress).Rules[0].Settings.Broken);
        Assert.Contains("ns/users", Assert.Single(problems.All).Message, StringComparison.Ordinal);
        var secret = new Secret
        {
            Metadata = new ObjectMeta { Name = "users", Namespace = "ns" },
            Data = ValueMap.Of(("auth", Convert.ToBase64String(Encoding.UTF8.GetBytes("# all of us\nbob:{SHA}x\neve:plain\n")))),
        };
        problems = new Problems();
        var settings = Plan("a.org", problems, ingress, secret).Rules[0].Settings;
        Assert.Null(settings.Broken);
        Assert.Equal(["bob"], settings.BasicAuth!.Users.Keys);
        Assert.DoesNotContain("{SHA}", settings.ToString(), StringComparison.Ordinal);
        Assert.Contains("password of eve", Assert.Single(problems.All).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Secret_ConcernsTheHostsOfThoseThatNameIt()
    {
        var cluster = ClusterSnapshot.Of(Build.Class("kn"), Annotated("i", Build.Prefix("/"), ("auth-secret", "ns/users")), Build.Ingress("j", Build.Rule("b.org", Build.Prefix("/"))));
        var keys = new HashSet<RouteKey>();
        new RouteTarget(new LiveRoutes(), s_classes).AddAffectedKeys(cluster, new ObjectChange(null, new Secret { Metadata = new ObjectMeta { Name = "users", Namespace = "ns" } }), keys);
        Assert.Contains(RouteKey.Of("a.org"), keys);
        Assert.DoesNotContain(RouteKey.Of("b.org"), keys);
    }

    [Fact]
    public void AuthUrlOfAService_LeadsToItsEndpoints_OfAnyNamespace()
    {
        var problems = new Problems();
        var ingress = Annotated("i", Build.Prefix("/"), ("auth-url", "http://auth.other.svc.cluster.local:4180/check"));
        Assert.Equal(new BackendRef(new ObjectKey("other", "auth"), 4180, ""), Plan("a.org", problems, ingress).Rules[0].Settings.ForwardAuth!.Service);
        Assert.Empty(problems.All);
        var cluster = ClusterSnapshot.Of(ingress);
        Assert.Contains(new ObjectKey("other", "auth"), cluster.IngressServices);
        _ = Plan("a.org", problems, Annotated("i", Build.Prefix("/"), ("auth-url", "https://elsewhere.org/check")));
        Assert.Contains("elsewhere.org is neither", Assert.Single(problems.All).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DefaultBackendOfTheConfig_GetsWhatNobodyTakes()
    {
        BackendRef fallback = new(new ObjectKey("kube-system", "default"), 80, "");
        Assert.Equal(fallback, HostPlan.Plan(ClusterSnapshot.Empty, "", s_classes, new Problems(), fallback: fallback)!.Fallback!.Backend);
        Assert.Null(HostPlan.Plan(ClusterSnapshot.Empty, "a.org", s_classes, new Problems(), fallback: fallback));
        var target = new RouteTarget(new LiveRoutes(), s_classes, fallback: fallback);
        Assert.Contains(RouteKey.Of(fallback.Service), target.Keys(ClusterSnapshot.Empty));
    }

    [Theory]
    [InlineData("a/b:80", true)]
    [InlineData("a/b:http", true)]
    [InlineData("b:80", false)]
    [InlineData("a/b", false)]
    [InlineData("a/b:0", false)]
    [InlineData("a/:80", false)]
    public void BackendOfTheConfig_IsRead(string text, bool isOne) => Assert.Equal(isOne, BackendName.TryParse(text, out _));

    [Fact]
    public void Protocol_IsPartOfTheBackend() =>
        Assert.Equal(BackendProtocol.Tls, Plan("a.org", new Problems(), Annotated("i", Build.Prefix("/"), ("backend-protocol", "HTTPS"))).Rules[0].Backend!.Value.Protocol);

    internal static IngressObject Annotated(string name, IngressPath path, params (string Name, string Value)[] annotations)
    {
        var ingress = Build.Ingress(name, Build.Rule("a.org", path));
        return ingress with { Metadata = ingress.Metadata with { Annotations = ValueMap.Of<string, string>([.. annotations.Select(static pair => ("nginx.ingress.kubernetes.io/" + pair.Name, pair.Value))]) } };
    }

    private static HostPiece Plan(string host, Problems problems, params KubernetesObject[] objects) =>
        HostPlan.Plan(ClusterSnapshot.Of([Build.Class("kn"), .. objects]), host, s_classes, problems)!;
}
