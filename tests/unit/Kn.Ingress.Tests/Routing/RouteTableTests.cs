using System.Text;
using Kn.Ingress.Patterns;
using Kn.Ingress.Planning;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Ingress.Tests.Routing;

public sealed class RouteTableTests
{
    private static readonly string[] s_elements = ["a", "b", "aa", "", "a%2Fb"];

    /// <summary>The table of KEP-1453, "Path types", with the rows that it has for several paths.</summary>
    [Theory]
    [InlineData("p:/", "/any/thing", "p:/")]
    [InlineData("e:/foo", "/foo", "e:/foo")]
    [InlineData("e:/foo", "/bar", null)]
    [InlineData("e:/foo", "/foo/", null)]
    [InlineData("e:/foo/", "/foo", null)]
    [InlineData("p:/foo", "/foo", "p:/foo")]
    [InlineData("p:/foo", "/foo/", "p:/foo")]
    [InlineData("p:/foo/", "/foo", "p:/foo/")]
    [InlineData("p:/foo/", "/foo/", "p:/foo/")]
    [InlineData("p:/aaa/bb", "/aaa/bbb", null)]
    [InlineData("p:/aaa/bbb", "/aaa/bbb", "p:/aaa/bbb")]
    [InlineData("p:/aaa/bbb/", "/aaa/bbb", "p:/aaa/bbb/")]
    [InlineData("p:/aaa/bbb", "/aaa/bbb/", "p:/aaa/bbb")]
    [InlineData("p:/aaa/bbb", "/aaa/bbb/ccc", "p:/aaa/bbb")]
    [InlineData("p:/aaa/bbb", "/aaa/bbbxyz", null)]
    [InlineData("p:/ p:/aaa", "/aaa/ccc", "p:/aaa")]
    [InlineData("p:/ p:/aaa p:/aaa/bbb", "/aaa/bbb", "p:/aaa/bbb")]
    [InlineData("p:/ p:/aaa p:/aaa/bbb", "/ccc", "p:/")]
    [InlineData("p:/aaa", "/ccc", null)]
    [InlineData("p:/foo e:/foo", "/foo", "e:/foo")]
    public void Kep1453_Table(string rules, string path, string? expected)
    {
        var piece = new HostPiece(rules.Split(' ').Select(static rule => Rule(rule[2..], rule[0] == 'e' ? PathMatch.Exact : PathMatch.Prefix, rule)).ToValueList(), null);
        var table = RouteTable.Empty.With("", new HostRoutes(piece, new RouteMaker(static name => new Upstream(name)).Make));
        Assert.Equal(expected, table.Find(default, Encoding.UTF8.GetBytes(path))?.Rule.Origin);
    }

    [Theory]
    [InlineData("bar.foo.com", "*.foo.com")]
    [InlineData("baz.bar.foo.com", "")]
    [InlineData("foo.com", "foo.com")]
    [InlineData("x.bar.com", "")]
    [InlineData(".foo.com", "")]
    [InlineData("", "")]
    [InlineData("www.foo.com", "www.foo.com")]
    public void Host_TheMostSpecificWins(string host, string expected)
    {
        var table = RouteTable.Of(((string[])["foo.com", "*.foo.com", "www.foo.com", ""]).Select(
            static name => KeyValuePair.Create(name, new HostRoutes(new HostPiece([Rule("", PathMatch.Prefix, name)], null), new RouteMaker(static upstream => new Upstream(upstream)).Make))));
        Assert.Equal(expected, table.Find(Encoding.UTF8.GetBytes(host), "/"u8)?.Rule.Origin);
    }

    [Fact]
    public void AnyTable_ChangedInAnyOrder_FindsAsTheReferenceDoes()
    {
        var random = new Random(20260102);
        string[] hosts = ["", "a.org", "*.a.org", "x.a.org", "b.org", "*.org", "org"];
        string[] asked = [.. hosts.Where(static host => !host.StartsWith('*')), "y.a.org", "z.y.a.org", "c.org"];
        for (var round = 0; round < 300; round++)
        {
            var pieces = new Dictionary<string, HostPiece>();
            var table = RouteTable.Empty;
            for (var change = 0; change < 12; change++)
            {
                var host = hosts[random.Next(hosts.Length)];
                var piece = random.Next(4) == 0 ? null : RandomPiece(random, host);
                table = table.With(host, piece is null ? null : new HostRoutes(piece, new RouteMaker(static name => new Upstream(name)).Make));
                if (piece is null)
                {
                    pieces.Remove(host);
                }
                else
                {
                    pieces[host] = piece;
                }
            }

            var whole = RouteTable.Of(pieces.Select(static pair => KeyValuePair.Create(pair.Key, new HostRoutes(pair.Value, new RouteMaker(static name => new Upstream(name)).Make))));
            for (var question = 0; question < 40; question++)
            {
                var (host, path) = (asked[random.Next(asked.Length)], RandomPath(random));
                var expected = ReferenceRoutes.Find(pieces, host, path);
                Assert.Equal(expected, table.Find(Encoding.UTF8.GetBytes(host), Encoding.UTF8.GetBytes(path))?.Rule);
                Assert.Equal(expected, whole.Find(Encoding.UTF8.GetBytes(host), Encoding.UTF8.GetBytes(path))?.Rule);
            }
        }
    }

    [Fact]
    public void Finding_AllocatesNothing()
    {
        var piece = new HostPiece([Rule("/a", PathMatch.Prefix, "a"), Rule("/a/b", PathMatch.Exact, "b")], null);
        var table = RouteTable.Empty.With("a.org", new HostRoutes(piece, new RouteMaker(static name => new Upstream(name)).Make));
        var (scratch, places) = (new PatternScratch(), new int[RouteTable.MostPlaces]);
        table.Find("a.org"u8, "/a/c"u8, scratch, places);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var round = 0; round < 1000; round++)
        {
            table.Find("a.org"u8, "/a/c"u8, scratch, places);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Upstream_SpreadsByWhoWaitsForWhom()
    {
        var upstreams = new Upstreams();
        var name = new BackendRef(new ObjectKey("ns", "web"), 80, "");
        var upstream = upstreams.Get(name);
        Assert.Null(upstream.Choose(new EndpointChoice(0, null)));
        upstreams.Set(name.Service, Piece("10.0.0.1", "10.0.0.2", "10.0.0.3"));
        var chosen = Enumerable.Range(0, 300).Select(_ => upstream.Choose(new EndpointChoice(0, null))!).GroupBy(static endpoint => endpoint).Select(static group => group.Count());
        Assert.Equal([100, 100, 100], chosen);

        upstream.Endpoints[0].Begin();
        upstream.Endpoints[1].Rest(1000);
        Assert.All(Enumerable.Range(0, 50), _ => Assert.Same(upstream.Endpoints[2], upstream.Choose(new EndpointChoice(0, null))));
        Assert.All(Enumerable.Range(0, 50), _ => Assert.Same(upstream.Endpoints[0], upstream.Choose(new EndpointChoice(0, upstream.Endpoints[2]))));
        upstream.Endpoints[0].End();
    }

    [Fact]
    public void Endpoint_IsTheSameObject_WhileAnyRouteLeadsToIt()
    {
        var upstreams = new Upstreams();
        var name = new BackendRef(new ObjectKey("ns", "web"), 80, "");
        var upstream = upstreams.Get(name);
        upstreams.Set(name.Service, Piece("10.0.0.1", "10.0.0.2"));
        var (first, second) = (upstream.Endpoints[0], upstream.Endpoints[1]);
        upstreams.Set(name.Service, Piece("10.0.0.2"));
        Assert.Same(second, Assert.Single(upstream.Endpoints));
        Assert.True(first.IsRetired);
        Assert.False(second.IsRetired);
        upstreams.Forget(static _ => false);
        Assert.True(second.IsRetired);
        Assert.Equal(0, upstreams.EndpointCount);
        Assert.NotSame(second, Assert.Single(upstreams.Get(name).Endpoints));
    }

    private static ServicePiece Piece(params IEnumerable<string> addresses) =>
        new([new PortPiece(80, "", addresses.Select(static address => new EndpointAddress(IpAddress.Parse(address), 8080)).ToValueList())]);

    private static HostPiece RandomPiece(Random random, string host)
    {
        var rules = new Dictionary<(string, PathMatch), RouteRule>();
        for (var count = random.Next(8); count > 0; count--)
        {
            var match = (PathMatch)random.Next(2);
            var path = RoutePath.Spell(RandomPath(random), match)!;
            rules[(path, match)] = Rule(path, match, $"{host} {path} {match} {random.Next()}");
        }

        return new HostPiece(rules.Values.ToValueList(), random.Next(2) == 0 ? null : Rule("", PathMatch.Prefix, $"{host} fallback"));
    }

    private static string RandomPath(Random random) => "/" + string.Join('/', Enumerable.Range(0, random.Next(5)).Select(_ => s_elements[random.Next(s_elements.Length)]));

    private static RouteRule Rule(string path, PathMatch match, string origin) =>
        new(RoutePath.Spell(path.Length == 0 ? "/" : path, match)!, match, new BackendRef(new ObjectKey("ns", "web"), 80, ""), origin);
}
