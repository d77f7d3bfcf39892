using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Kn.Bench.Groups;

/// <summary>TCP from a pod to a pod on another node, by iperf3: Kn's way over a hand-made one, in turns.</summary>
internal static class RoutesThroughput
{
    // Many short turns: what else the machine does meets both alike.
    private const int Rounds = 40;
    private const string Bytes = "400M";

    /// <summary>Median of Kn's throughput over the median of the hand-made network's.</summary>
    public static double Compare(string binaries, bool isVxlan)
    {
        var name = isVxlan ? "benchvxlan" : "benchdirect";
        var config = Path.Combine(Path.GetTempPath(), $"{name}.yaml");
        File.WriteAllText(config, $"routes:\n  mode: {(isVxlan ? "vxlan" : "direct")}\n");
        using var lab = Lab.Up(binaries, name, "--nodes", "2", "--agent-config", config);
        using var byHand = new HandMadeNetwork(isVxlan);
        var address = AddPods(lab);
        Samples own = new(), hand = new();
        void MeasureOwn() => own.Add(Measure(lab.KnLabPath, ["exec", "pod1", "--name", name, "--"], ["exec", "pod2", "--name", name, "--"], address));
        void MeasureHand() => hand.Add(Measure("/sbin/ip", ["netns", "exec", HandMadeNetwork.Pod(1)], ["netns", "exec", HandMadeNetwork.Pod(2)], HandMadeNetwork.Address(2)));
        for (var round = 0; round < Rounds; round++)
        {
            // Each goes first every other time.
            Action[] turns = round % 2 == 0 ? [MeasureOwn, MeasureHand] : [MeasureHand, MeasureOwn];
            turns[0]();
            turns[1]();
        }

        Results.Explain(string.Create(CultureInfo.InvariantCulture, $"{(isVxlan ? "VXLAN" : "direct")}, medians of {Rounds}: {own.Median:F2} Gbit/s, made by hand {hand.Median:F2} Gbit/s"));
        return own.Median / hand.Median;
    }

    private static string AddPods(Lab lab)
    {
        var manifest = Path.Combine(lab.Folder, "pods.yaml");
        File.WriteAllText(manifest, string.Join("---\n", Enumerable.Range(1, 2).Select(static number =>
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: pod{{number}} }
            spec: {nodeName: node{{number}}, containers: [ {name: sleep, image: busybox, command: [sleep, infinity]} ]}

            """)));
        lab.Kubectl("apply", "-f", manifest);
        lab.Kubectl("wait", "--for=condition=Ready", "pod/pod1", "pod/pod2", "--timeout=60s");
        return lab.Kubectl("get", "pod", "pod2", "-o", "jsonpath={.status.podIP}").Trim();
    }

    /// <summary>Gigabits a second, as the receiver counts them.</summary>
    private static double Measure(string program, string[] clientPlace, string[] serverPlace, string address)
    {
        using var server = Start(program, [.. serverPlace, "iperf3", "-s", "-1", "-J"]);
        try
        {
            for (var attempt = 0; ; attempt++)
            {
                using var client = Start(program, [.. clientPlace, "iperf3", "-c", address, "-n", Bytes, "-J"]);
                var report = JsonNode.Parse(client.StandardOutput.ReadToEnd())!;
                client.WaitForExit();
                if (report["end"]?["sum_received"]?["bits_per_second"] is { } bits && client.ExitCode == 0)
                {
                    return bits.GetValue<double>() / 1e9;
                }

                // The server's socket is open a moment after its start.
                if (attempt == 100)
                {
                    throw new InvalidOperationException($"iperf3 to {address}: {report["error"]}");
                }

                Thread.Sleep(20);
            }
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            server.WaitForExit();
        }
    }

    private static Process Start(string program, string[] words)
    {
        var start = new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
    }
}
