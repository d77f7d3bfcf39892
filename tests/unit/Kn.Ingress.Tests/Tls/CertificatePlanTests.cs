using Kn.Hosting.Events;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Planning;
using Kn.Ingress.Tests.Planning;
using Kn.Ingress.Tls;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Tls;

public sealed class CertificatePlanTests
{
    private static readonly ClassRules s_classes = new("kn", WithoutClass: false);
    private readonly SecretCertificates _secrets = new();

    [Fact]
    [Conformance("ingress", "TLS")]
    public void Where_two_Ingresses_ask_for_a_host_the_older_has_it_then_the_first_by_name()
    {
        var cluster = ClusterSnapshot.Of(
            Build.Class("kn"), WithTls("young", "y", "a.org"), WithTls("old", "o", "A.org").Aged(5), WithTls("b", "b", "b.org"), WithTls("a", "a", "b.org"),
            TestCertificates.Secret("y", "a.org"), TestCertificates.Secret("o", "a.org"), TestCertificates.Secret("a", "b.org"), TestCertificates.Secret("b", "b.org"));
        Assert.Equal("ns/o", Plan(cluster, "a.org", out var problems));
        Assert.Equal("host 'a.org' is not served with Secret ns/y: the older Ingress ns/old has it", Assert.Single(problems).Message);
        Assert.Equal("ns/a", Plan(cluster, "b.org", out _));
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public void A_Secret_that_is_missing_or_broken_affects_its_own_hosts_alone()
    {
        var (certificate, key) = TestCertificates.Make("x", "c.org");
        var (_, otherKey) = TestCertificates.Make("x", "c.org");
        var (weak, weakKey) = TestCertificates.MakeRsa("e.org", 1024);
        var cluster = ClusterSnapshot.Of(
            Build.Class("kn"),
            WithTls("i", "missing", "a.org"), WithTls("j", "garbage", "b.org"), WithTls("k", "mixed", "c.org"), WithTls("l", "empty", "d.org"), WithTls("m", "weak", "e.org"),
            WithTls("n", "fine", "f.org"), WithTls("o", "fine", "g.org"), WithTls("p", "fine", "a.org"),
            TestCertificates.OfPem("garbage", "no PEM", key), TestCertificates.OfPem("mixed", certificate, otherKey),
            new Secret { Metadata = new ObjectMeta { Name = "empty", Namespace = "ns" } }, TestCertificates.OfPem("weak", weak, weakKey), TestCertificates.Secret("fine", "f.org", "a.org"));
        Assert.Null(Plan(cluster, "b.org", out var garbage));
        Assert.Contains("cannot be read as PEM", Assert.Single(garbage).Message, StringComparison.Ordinal);
        Assert.Null(Plan(cluster, "c.org", out var mixed));
        Assert.Contains("the private key does not belong to the first certificate", Assert.Single(mixed).Message, StringComparison.Ordinal);
        Assert.Null(Plan(cluster, "d.org", out var empty));
        Assert.Contains("tls.crt is missing", Assert.Single(empty).Message, StringComparison.Ordinal);
        Assert.Null(Plan(cluster, "e.org", out var weakness));
        Assert.Contains("key too small", Assert.Single(weakness).Message, StringComparison.Ordinal);
        Assert.Equal("ns/fine", Plan(cluster, "f.org", out var none));
        Assert.Empty(none);
        Assert.Equal("ns/fine", Plan(cluster, "g.org", out var foreign));
        Assert.Equal("the certificate of Secret ns/fine is not for host 'g.org': clients will refuse it", Assert.Single(foreign).Message);

        // A broken Secret does not stand in the way of another.
        Assert.Equal("ns/fine", Plan(cluster, "a.org", out var missing));
        Assert.Contains("Secret ns/missing does not exist", Assert.Single(missing).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public void An_entry_without_hosts_is_for_the_hosts_of_its_rules_and_one_without_a_Secret_for_the_default_certificate()
    {
        var ingress = Build.Ingress("i", Build.Rule("a.org", Build.Prefix("/")), Build.Rule("*.b.org", Build.Prefix("/"))) with { Tls = [new([], "c")] };
        var cluster = ClusterSnapshot.Of(Build.Class("kn"), ingress, TestCertificates.Secret("c", "a.org", "*.b.org"));
        Assert.Equal("ns/c", Plan(cluster, "a.org", out _));
        Assert.Equal("ns/c", Plan(cluster, "*.b.org", out var problems));
        Assert.Empty(problems);
        cluster = cluster.With(ingress with { Tls = [new([], null)] });
        Assert.Null(Plan(cluster, "a.org", out problems));
        Assert.Empty(problems);
        Assert.True(TlsRules.IsAskedFor(cluster, "a.org", s_classes));
    }

    [Fact]
    public void Certificate_OfAnUnchangedSecret_IsTheSame_AndAnotherOfAChangedOne()
    {
        var secret = TestCertificates.Secret("c", "a.org");
        var cluster = ClusterSnapshot.Of(Build.Class("kn"), WithTls("i", "c", "a.org"), secret);
        var first = CertificatePlan.Plan(cluster, "a.org", s_classes, _secrets, new Problems());
        Assert.Equal(first, CertificatePlan.Plan(cluster.With(Build.Class("x")), "a.org", s_classes, _secrets, new Problems()));
        var changed = cluster.With(TestCertificates.Secret("c", "a.org"));
        Assert.NotEqual(first, CertificatePlan.Plan(changed, "a.org", s_classes, _secrets, new Problems()));
        Assert.DoesNotContain(secret.Data[Secret.PrivateKeyKey], first!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, null, null, true)]
    [InlineData(true, "false", null, false)]
    [InlineData(true, "true", null, true)]
    [InlineData(true, "nonsense", null, true)]
    [InlineData(false, null, null, false)]
    [InlineData(false, "true", null, false)]
    [InlineData(false, null, "true", true)]
    [InlineData(true, "false", "true", true)]
    [Conformance("ingress", "TLS")]
    public void Redirects_are_as_in_ingress_nginx(bool hasTls, string? ssl, string? force, bool expected)
    {
        foreach (var prefix in (string[])["nginx.ingress.kubernetes.io/", "kn.internal/"])
        {
            var annotations = new List<KeyValuePair<string, string>>();
            if (ssl is not null)
            {
                annotations.Add(new(prefix + "ssl-redirect", ssl));
            }

            if (force is not null)
            {
                annotations.Add(new(prefix + "force-ssl-redirect", force));
            }

            var ingress = Build.Ingress("i", Build.Rule("x.a.org", Build.Prefix("/")));
            ingress = ingress with { Metadata = ingress.Metadata with { Annotations = annotations.ToValueMap() } };
            var cluster = ClusterSnapshot.Of(Build.Class("kn"), ingress);

            // TLS for the wildcard above the host, by another Ingress, is TLS for the host.
            cluster = hasTls ? cluster.With(WithTls("other", "missing", "*.a.org")) : cluster;
            Assert.Equal(expected, HostPlan.Plan(cluster, "x.a.org", s_classes, new Problems())!.Rules[0].TlsRedirect);
        }
    }

    [Fact]
    public void AnyChanges_KeyByKey_EndInWhatPlanningFromNothingGives()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var live = new LiveCertificates();
            var target = new CertificateTarget(live, s_classes, new ObjectKey("ns", "c2"), null);
            var cluster = ClusterSnapshot.Empty;
            for (var step = 0; step < 120; step++)
            {
                var before = cluster;
                cluster = RandomClusters.Change(cluster, random, out var change);
                if (ReferenceEquals(before, cluster))
                {
                    continue;
                }

                var keys = new HashSet<string>();
                target.AddAffectedKeys(cluster, change, keys);
                live.Apply([.. keys
                    .Select(key => new Change<string, HostCertificate>(key, live.PieceOf(key), target.Plan(cluster, key, new Problems())))
                    .Where(static change => !Equals(change.Before, change.After))]);
            }

            var expected = new Dictionary<string, HostCertificate>();
            foreach (var key in target.Keys(cluster))
            {
                if (target.Plan(cluster, key, new Problems()) is { } piece)
                {
                    expected.Add(key, piece);
                }
            }

            Assert.Equal(expected.ToValueMap(), live.Pieces);
        }
    }

    [Fact]
    [Conformance("ingress", "TLS")]
    public void A_broken_Secret_makes_an_Event_on_its_Ingress_once()
    {
        var recorder = new Recorder();
        var target = new CertificateTarget(new LiveCertificates(), s_classes, null, new CertificateEvents(recorder, "n1"));
        var cluster = ClusterSnapshot.Of(Build.Class("kn"), WithTls("i", "missing", "a.org"));
        for (var pass = 0; pass < 3; pass++)
        {
            target.Plan(cluster, "a.org", new Problems());
            target.Settled();
        }

        var told = Assert.Single(recorder.Events);
        Assert.Equal(("Ingress", "ns/i", true, "CertificateProblem"), (told.Regarding.Kind, told.Regarding.Key.ToString(), told.IsWarning, told.Reason));
        target.Plan(cluster.With(TestCertificates.Secret("missing", "a.org")), "a.org", new Problems());
        target.Settled();
        target.Plan(cluster, "a.org", new Problems());
        target.Settled();
        Assert.Equal(2, recorder.Events.Count);
    }

    private static IngressObject WithTls(string name, string secret, params string[] hosts) =>
        Build.Ingress(name) with { Tls = [new(hosts.ToValueList(), secret)] };

    private string? Plan(ClusterSnapshot cluster, string host, out IReadOnlyList<Problem> problems)
    {
        var found = new Problems();
        var piece = CertificatePlan.Plan(cluster, host, s_classes, _secrets, found);
        problems = found.All;
        return piece?.Secret.ToString();
    }

    private sealed class Recorder : IEventRecorder
    {
        public List<ClusterEvent> Events { get; } = [];

        public void Record(ClusterEvent item) => Events.Add(item);
    }
}
