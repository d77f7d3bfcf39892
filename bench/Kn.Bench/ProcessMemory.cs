using System.Globalization;

namespace Kn.Bench;

/// <summary>What a process weighs, by /proc/PID/status (proc(5)).</summary>
internal static class ProcessMemory
{
    /// <summary>A field such as <c>VmRSS:</c>, in 10⁶ bytes.</summary>
    public static double Read(int pid, string field)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return double.Parse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * 1024 / 1e6;
    }
}
