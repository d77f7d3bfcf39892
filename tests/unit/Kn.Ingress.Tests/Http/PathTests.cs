using System.Text;
using Kn.Ingress.Http;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Tests.Http;

public sealed class PathTests
{
    [Theory]
    [InlineData("/a%2fb", "/a%2Fb")]
    [InlineData("/%61dmin", "/admin")]
    [InlineData("/a%7Eb%2D", "/a~b-")]
    [InlineData("/a%25%32", "/a%252")]
    [InlineData("/ä", "/ä")]
    public void EquivalentPaths_AreSpeltAlike(string path, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(path);
        var destination = new byte[bytes.Length];
        Assert.Equal(expected, Encoding.UTF8.GetString(destination, 0, RequestPath.Normalize(bytes, destination)));
    }

    [Theory]
    [InlineData("/", true, "")]
    [InlineData("/foo/", true, "/foo")]
    [InlineData("/foo/", false, "/foo/")]
    [InlineData("/%66oo", false, "/foo")]
    [InlineData("foo", true, null)]
    [InlineData("/a/../b", true, null)]
    [InlineData("/a?b", true, null)]
    [InlineData("", true, null)]
    public void RulesPath_IsSpelt(string path, bool isPrefix, string? expected) =>
        Assert.Equal(expected, RoutePath.Spell(path, isPrefix ? PathMatch.Prefix : PathMatch.Exact));

    [Fact]
    public void NothingThatIsSound_Climbs()
    {
        var random = new Random(3);
        string[] pieces = ["/", ".", "..", "%2e", "%2E", "%2f", "%5c", "a", ";", "%61", "\\", "%", "?", "..;", "%2"];
        for (var round = 0; round < 50_000; round++)
        {
            var path = "/" + string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            if (!RequestPath.IsSound(Encoding.Latin1.GetBytes(path)))
            {
                continue;
            }

            var decoded = Uri.UnescapeDataString(path.Split('?')[0]).Replace('\\', '/');
            Assert.All(decoded.Split('/'), static element => Assert.False(element.Split(';')[0] is "." or "..", element));
        }
    }
}
