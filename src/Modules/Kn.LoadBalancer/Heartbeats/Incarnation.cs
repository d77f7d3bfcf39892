using System.Globalization;

namespace Kn.LoadBalancer.Heartbeats;

/// <summary>The number of this start of the agent, greater than that of any start before.</summary>
internal static class Incarnation
{
    /// <summary>Its name in the state directory.</summary>
    public const string FileName = "heartbeat.incarnation";

    /// <summary>The clock, or one more than the last where the clock was set back: machines without a battery start in the past.</summary>
    /// <param name="stateDirectory">Where the last one is kept.</param>
    /// <param name="time">The clock.</param>
    public static long Next(string stateDirectory, TimeProvider time)
    {
        var path = Path.Combine(stateDirectory, FileName);
        var next = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), Last(path) + 1);
        try
        {
            Directory.CreateDirectory(stateDirectory);
            File.WriteAllText(path, next.ToString(CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            // Then the clock has to do.
        }

        return next;
    }

    private static long Last(string path)
    {
        try
        {
            return long.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out var last) && last < long.MaxValue ? last : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
