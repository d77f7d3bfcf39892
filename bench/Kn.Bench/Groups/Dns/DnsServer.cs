using System.Diagnostics;
using System.Globalization;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups.Dns;

/// <summary>A server under load: its processes, pinned to the first core, and where it answers.</summary>
/// <param name="Name">For what is printed.</param>
/// <param name="Address">Where it answers.</param>
/// <param name="Space">The namespace that it, and the client, is in.</param>
/// <param name="Process">Its first process.</param>
internal sealed record DnsServer(string Name, DnsAddress Address, NetworkNamespace Space, int Process)
{
    private const double TicksPerSecond = 100;

    /// <summary>Starts a peer in a namespace.</summary>
    public static (DnsServer Server, Process Process) Start(string space, NetworkNamespace open, DnsAddress address, string program, params string[] words)
    {
        var start = new ProcessStartInfo("/usr/sbin/ip", ["netns", "exec", space, "taskset", "-c", "0", program, .. words]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var process = System.Diagnostics.Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        return (new DnsServer(Path.GetFileName(program), address, open, process.Id), process);
    }

    /// <summary>Puts all threads of its process on the first core.</summary>
    public void Pin() => Spawn.Run("/usr/bin/taskset", ["-apc", "0", $"{Process}"], ["PATH=/usr/bin"], []);

    /// <summary>CPU seconds of its processes so far: user and system, of all threads.</summary>
    public double CpuSeconds() => Family(Process).Sum(static pid =>
    {
        var text = File.ReadAllText($"/proc/{pid}/stat");
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    });

    /// <summary>Runs what measures in the server's namespace.</summary>
    public T In<T>(Func<T> measure) => Space.Run(measure);

    /// <summary>The process and what it has started: NSD serves in children.</summary>
    private static List<int> Family(int process)
    {
        List<int> family = [process];
        foreach (var child in File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            family.AddRange(Family(int.Parse(child, CultureInfo.InvariantCulture)));
        }

        return family;
    }
}
