using System.Globalization;
using Kn.Bgp.Bfd;

namespace Kn.Routes.Bgp.Speaking;

/// <summary>The BFD sessions that one process leaves to the next: neighbours then see one that fell silent as was agreed, not one that failed.</summary>
/// <param name="directory">Where the node keeps what lives as long as the boot.</param>
/// <param name="time">The clock.</param>
internal sealed class PausedPaths(string directory, TimeProvider time)
{
    private readonly string _path = Path.Combine(directory, "bfd.paused");

    /// <summary>Keeps them until neighbours give them up.</summary>
    public void Put(IReadOnlyCollection<PausedPath> paths, TimeSpan patience)
    {
        var end = time.GetUtcNow().Add(patience).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        try
        {
            Directory.CreateDirectory(directory);
            File.WriteAllLines(_path, [RestartMarker.Current(), end, .. paths.Select(static path => path.ToString())]);
        }
        catch (IOException)
        {
            // The sessions then begin anew, and neighbours act as on a failure.
        }
    }

    /// <summary>Takes them, once.</summary>
    public IReadOnlyCollection<PausedPath> Take()
    {
        try
        {
            var lines = File.ReadAllLines(_path);
            Clear();
            return lines.Length > 2 && lines[0] == RestartMarker.Current()
                && long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var end) && time.GetUtcNow().ToUnixTimeSeconds() < end
                    ? lines[2..].Select(PausedPath.Parse).OfType<PausedPath>().ToList()
                    : [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>Forgets them.</summary>
    public void Clear() => File.Delete(_path);
}
