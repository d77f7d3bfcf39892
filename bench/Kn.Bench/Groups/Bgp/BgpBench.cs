using System.Diagnostics;

namespace Kn.Bench.Groups.Bgp;

/// <summary>A table of 100,000 prefixes from one peer: until it is in the RIB, and what the process weighs then, over gobgpd's, on the same bytes.</summary>
/// <remarks>In turns, on loopback. gobgpd is asked for the last prefix until it has it, every few milliseconds; Kn's speaker says it by itself.</remarks>
internal static class BgpBench
{
    private const int Prefixes = 100_000;
    private const int Rounds = 5;
    private const int Port = 17_900;

    public static void Run(string binDirectory, Results results)
    {
        var table = BgpFeeder.Table(Prefixes);
        var last = BgpFeeder.Last(Prefixes);
        var (ownSeconds, ownMemory, otherSeconds, otherMemory) = (new Samples(), new Samples(), new Samples(), new Samples());
        for (var round = 0; round < Rounds; round++)
        {
            Measure(() => StartOwn(binDirectory, last), static (process, _) => process.StandardOutput.ReadLine() is { } line && line.StartsWith("loaded", StringComparison.Ordinal), table, last, ownSeconds, ownMemory);
            Measure(StartOther, static (_, prefix) => Ask("global", "rib", prefix).Contains("192.0.2.1", StringComparison.Ordinal), table, last, otherSeconds, otherMemory);
        }

        Results.Explain($"{Prefixes} prefixes: Kn {ownSeconds.Median:0.000} s, {ownMemory.Median:0.0} MB; gobgpd {otherSeconds.Median:0.000} s, {otherMemory.Median:0.0} MB");
        results.Add("bgp.load_100k", ownSeconds.Median / otherSeconds.Median);
        results.Add("bgp.rss_100k", ownMemory.Median / otherMemory.Median);
    }

    private static void Measure(Func<Process> start, Func<Process, string, bool> hasLast, byte[] table, string last, Samples seconds, Samples memory)
    {
        using var process = start();
        try
        {
            using var feeder = new BgpFeeder(Port);
            var watch = Stopwatch.StartNew();
            feeder.Send(table);
            while (!hasLast(process, last))
            {
                if (watch.Elapsed > TimeSpan.FromSeconds(60))
                {
                    throw new InvalidOperationException("the table was not loaded within a minute");
                }
            }

            seconds.Add(watch.Elapsed.TotalSeconds);
            memory.Add(ProcessMemory.Read(process.Id, "VmRSS:"));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    private static Process StartOwn(string binDirectory, string last)
    {
        var process = Start(Path.Combine(binDirectory, "bgp-speaker"), Port.ToString(), last);
        if (process.StandardOutput.ReadLine() != "ready")
        {
            throw new InvalidOperationException("bgp-speaker did not start");
        }

        return process;
    }

    private static Process StartOther()
    {
        var config = Path.GetTempFileName();
        File.WriteAllText(config, $"""
            [global.config]
              as = 64512
              router-id = "10.0.0.1"
              port = {Port}
              local-address-list = ["127.0.0.1"]
            [[neighbors]]
              [neighbors.config]
                neighbor-address = "127.0.0.2"
                peer-as = 65001
              [neighbors.transport.config]
                passive-mode = true
              [neighbors.ebgp-multihop.config]
                enabled = true
                multihop-ttl = 64
            """);
        var process = Start("gobgpd", "-t", "toml", "-f", config, "--api-hosts", "127.0.0.1:50061", "--pprof-disable");
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        var watch = Stopwatch.StartNew();
        while (!Ask("neighbor").Contains("127.0.0.2", StringComparison.Ordinal))
        {
            if (watch.Elapsed > TimeSpan.FromSeconds(20))
            {
                throw new InvalidOperationException("gobgpd did not start");
            }
        }

        File.Delete(config);
        return process;
    }

    private static string Ask(params string[] command)
    {
        using var process = Start("gobgp", ["-u", "127.0.0.1", "-p", "50061", .. command]);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    private static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })
        ?? throw new InvalidOperationException($"{program} did not start");
}
