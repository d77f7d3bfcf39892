using System.Globalization;

namespace Kn.Bench.Groups.Dns;

/// <summary>Debian's dnsperf, pinned to the second core, in the namespace of the calling thread.</summary>
internal sealed class DnsPerf(string folder)
{
    private const int Outstanding = 400;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(3);

    /// <summary>As fast as it can, for some seconds.</summary>
    public DnsRun Run(DnsAddress server, string queries) => Run(server, queries, []);

    /// <summary>Each query of the file once.</summary>
    public void Once(DnsAddress server, string queries) => Execute(server, queries, ["-n", "1", "-q", "50", "-t", "5"]);

    /// <summary>At that rate, with the time that each answer took, in microseconds.</summary>
    public Samples Latencies(DnsAddress server, string queries, double rate)
    {
        var samples = new Samples();
        foreach (var line in Execute(server, queries, ["-l", Seconds, "-Q", rate.ToString("0", CultureInfo.InvariantCulture), "-v"]).Split('\n'))
        {
            // > NOERROR svc1.default.svc.cluster.local A 0.000123
            if (line.StartsWith("> ", StringComparison.Ordinal) && double.TryParse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture, out var seconds))
            {
                samples.Add(seconds * 1e6);
            }
        }

        return samples;
    }

    private static string Seconds => Length.TotalSeconds.ToString(CultureInfo.InvariantCulture);

    private DnsRun Run(DnsAddress server, string queries, string[] more)
    {
        var output = Execute(server, queries, ["-l", Seconds, "-q", $"{Outstanding}", .. more]);
        return new DnsRun(Field(output, "Queries completed:"), Field(output, "Queries per second:"), Field(output, "Queries lost:"));
    }

    private string Execute(DnsAddress server, string queries, string[] more)
    {
        string[] words = ["-c", "1", "/usr/bin/dnsperf", "-s", server.Address, "-p", $"{server.Port}", "-d", Path.Combine(folder, queries), "-e", .. more];
        var result = Spawn.Run("/usr/bin/taskset", words, ["PATH=/usr/bin"], []);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"dnsperf: exit {result.ExitCode}: {result.Output}");
    }

    private static double Field(string output, string name)
    {
        var start = output.IndexOf(name, StringComparison.Ordinal);
        var text = start < 0 ? throw new InvalidOperationException($"dnsperf did not say '{name}': {output}") : output[(start + name.Length)..].TrimStart();
        return double.Parse(string.Concat(text.TakeWhile(static letter => char.IsAsciiDigit(letter) || letter == '.')), CultureInfo.InvariantCulture);
    }
}

/// <summary>Where a server answers.</summary>
internal readonly record struct DnsAddress(string Address, int Port);

/// <summary>What dnsperf says of a run.</summary>
internal readonly record struct DnsRun(double Completed, double Rate, double Lost);
