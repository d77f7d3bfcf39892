using Kn.Bgp.Bfd;
using Kn.Routes.Bgp.Speaking;

namespace Kn.Routes.Tests.Bgp;

public sealed class PausedPathsTests : IDisposable
{
    private const string Line = "192.0.2.2 192.0.2.1 7 20C00318000000090000000700030D40000493E000000000";

    private readonly string _folder = Directory.CreateTempSubdirectory("kn-paused").FullName;

    private string FilePath => Path.Combine(_folder, "bfd.paused");

    [Fact]
    public void Paths_AreTakenOnce()
    {
        var paused = new PausedPaths(_folder, TimeProvider.System);
        Assert.Empty(paused.Take());
        paused.Put([PausedPath.Parse(Line)!], TimeSpan.FromMinutes(2));
        Assert.Equal(Line, Assert.Single(new PausedPaths(_folder, TimeProvider.System).Take()).ToString());
        Assert.Empty(paused.Take());
    }

    [Fact]
    public void Paths_OfAnotherBoot_OrThatNeighborsHaveGivenUp_AreNotTaken()
    {
        var paused = new PausedPaths(_folder, TimeProvider.System);
        paused.Put([PausedPath.Parse(Line)!], TimeSpan.Zero);
        Assert.Empty(paused.Take());
        paused.Put([PausedPath.Parse(Line)!], TimeSpan.FromMinutes(2));
        File.WriteAllLines(FilePath, ["another", .. File.ReadAllLines(FilePath)[1..]]);
        Assert.Empty(paused.Take());
    }

    [Theory]
    [InlineData("")]
    [InlineData("word\n")]
    [InlineData("word\nword\nword\n")]
    public void BrokenFile_IsNone(string text)
    {
        File.WriteAllText(FilePath, text.Replace("word", RestartMarker.Current(), StringComparison.Ordinal));
        Assert.Empty(new PausedPaths(_folder, TimeProvider.System).Take());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
