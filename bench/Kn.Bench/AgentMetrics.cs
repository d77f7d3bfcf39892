using System.Globalization;
using Kn.Linux.Namespaces;

namespace Kn.Bench;

/// <summary>The agent's metrics, read as Prometheus reads them.</summary>
internal sealed class AgentMetrics(NetworkNamespace node)
{
    private const string Address = "http://127.0.0.1:10275/metrics";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    /// <summary>Every sample by its name with labels.</summary>
    public IReadOnlyDictionary<string, double> Read()
    {
        var result = node.Run(static () => Spawn.Run("/usr/bin/curl", ["-sf", Address], ["PATH=/usr/bin"], []));
        if (result.ExitCode != 0)
        {
            throw new InvalidOperationException($"{Address}: curl exit {result.ExitCode}");
        }

        var samples = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in result.Output.Split('\n').Where(static line => line.Length > 0 && line[0] != '#'))
        {
            var space = line.LastIndexOf(' ');
            samples[line[..space]] = double.Parse(line[(space + 1)..], CultureInfo.InvariantCulture);
        }

        return samples;
    }

    /// <summary>Waits until a histogram has more observations than it had, and returns what the new ones add up to.</summary>
    /// <param name="before">Metrics of before.</param>
    /// <param name="histogram">Name without suffix, and labels in braces.</param>
    /// <param name="deadline">Longest wait.</param>
    public double WaitForNext(IReadOnlyDictionary<string, double> before, (string Name, string Labels) histogram, TimeSpan deadline)
    {
        var count = $"{histogram.Name}_count{histogram.Labels}";
        var sum = $"{histogram.Name}_sum{histogram.Labels}";
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            // Whoever asks all the time takes part in what is measured: the agent answers, and a process starts for each question.
            Thread.Sleep(Pause);
            var now = Read();
            if (now.GetValueOrDefault(count) > before.GetValueOrDefault(count))
            {
                return now[sum] - before.GetValueOrDefault(sum);
            }

            if (waited.Elapsed > deadline)
            {
                throw new InvalidOperationException($"{count} stayed at {before.GetValueOrDefault(count)} for {deadline.TotalSeconds} s");
            }
        }
    }
}
