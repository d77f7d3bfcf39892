using System.Globalization;

namespace Kn.Hosting.Metrics;

/// <summary>The process as the kernel and the garbage collector see it, under the names that Prometheus' own clients use.</summary>
public static class ProcessMetrics
{
    /// <summary>clock ticks a second in /proc/PID/stat: USER_HZ, 100 on every architecture that Kn runs on.</summary>
    private const double TicksPerSecond = 100;

    private const int PageBytes = 4096;

    /// <summary>Registers them.</summary>
    /// <param name="registry">Where.</param>
    /// <param name="version">Kn's version.</param>
    /// <param name="startedAt">When the process started.</param>
    public static void Register(MetricRegistry registry, string version, DateTimeOffset startedAt)
    {
        registry.GaugeCallback("process_resident_memory_bytes", "Resident memory size in bytes.", static () => Stat().ResidentBytes);
        registry.CounterCallback("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", static () => Stat().CpuSeconds);
        registry.GaugeCallback("process_open_fds", "Number of open file descriptors.", static () => Directory.GetFileSystemEntries("/proc/self/fd").Length);
        registry.Gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.").Set(startedAt.ToUnixTimeMilliseconds() / 1000.0);
        registry.GaugeCallback("kn_gc_heap_bytes", "Size of the managed heap after the last collection.", static () => GC.GetGCMemoryInfo().HeapSizeBytes);
        registry.CounterCallback("kn_gc_allocated_bytes_total", "Bytes allocated on the managed heap.", static () => GC.GetTotalAllocatedBytes());
        registry.CounterCallback("kn_gc_collections_total", "Garbage collections.", static () => GC.CollectionCount(0));
        registry.Gauge("kn_build_info", "Always 1; the labels say what runs.", ("version", version), ("framework", Environment.Version.ToString())).Set(1);
    }

    private static (double CpuSeconds, double ResidentBytes) Stat()
    {
        var fields = StatFields("/proc/self/stat");
        var ticks = double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
        return (ticks / TicksPerSecond, double.Parse(fields[21], CultureInfo.InvariantCulture) * PageBytes);
    }

    /// <summary>The fields after the command's name, which may hold spaces and parentheses: state is [0] (proc_pid_stat(5), field 3).</summary>
    internal static string[] StatFields(string path)
    {
        var text = File.ReadAllText(path);
        return text[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    /// <summary>How long this process has run, to 10 ms.</summary>
    internal static TimeSpan ProcessAge()
    {
        var startedTicks = double.Parse(StatFields("/proc/self/stat")[19], CultureInfo.InvariantCulture);
        var uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(Math.Max(0, uptime - (startedTicks / TicksPerSecond)));
    }
}
