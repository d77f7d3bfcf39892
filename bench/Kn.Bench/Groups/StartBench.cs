using System.Text;

namespace Kn.Bench.Groups;

/// <summary>How long the binary takes to start, beside a native-AOT program that only says hello. Bar: 3.</summary>
internal static class StartBench
{
    private const int Rounds = 60;
    private static readonly byte[] Configuration = Encoding.UTF8.GetBytes("""{"cniVersion":"1.1.0","name":"kn","type":"kn"}""");

    public static void Run(string binaries, Results results)
    {
        var kn = Path.Combine(binaries, "kn");
        var hello = Path.Combine(binaries, "hello");
        Samples helloTimes = new(), versionTimes = new(), cniTimes = new();
        for (var round = 0; round < Rounds; round++)
        {
            helloTimes.Add(Measure(hello, [], ["PATH=/usr/bin"]));
            versionTimes.Add(Measure(kn, ["version"], ["PATH=/usr/bin"]));
            cniTimes.Add(Measure(kn, [], ["PATH=/usr/bin", "CNI_COMMAND=VERSION"]));
        }

        Results.Explain($"medians of {Rounds}: hello {helloTimes.Median:F2} ms, kn version {versionTimes.Median:F2} ms, CNI VERSION {cniTimes.Median:F2} ms");
        results.Add("start.version_over_hello", versionTimes.Median / helloTimes.Median);
        results.Add("start.cni_over_hello", cniTimes.Median / helloTimes.Median);
        results.Add("start.binary_mb", new FileInfo(kn).Length / 1e6);
    }

    private static double Measure(string path, string[] arguments, string[] environment)
    {
        var result = Spawn.Run(path, arguments, environment, Configuration);
        return result.ExitCode == 0
            ? result.Elapsed.TotalMilliseconds
            : throw new InvalidOperationException($"{path} {string.Join(' ', arguments)}: exit {result.ExitCode}: {result.Output}");
    }
}
