using System.Text.Json.Nodes;
using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups;

/// <summary>ADD and DEL of 200 pods, beside Debian's reference plugins, one call of each in turn. Bar of cni.add: 0.5.</summary>
internal static class CniBench
{
    private const int Pods = 200;
    private const int WarmUp = 5;

    public static void Run(string binaries, Results results)
    {
        using var lab = Lab.Up(binaries, "benchcni");
        using var node = lab.OpenNode();
        var configuration = FirstPlugin($"{lab.NodeFolder}/cni/net.d");
        var plugin = Path.Combine(binaries, "kn");
        NetworkNamespace.Remove("knb-node");
        using var referenceNode = NetworkNamespace.Create("knb-node");
        using var reference = new ReferenceChain();
        List<Attachment> ours = [], theirs = [];
        try
        {
            for (var i = 0; i < Pods + WarmUp; i++)
            {
                ours.Add(NewPod($"knb-ours{i}"));
                theirs.Add(NewPod($"knb-theirs{i}"));
            }

            var (add, referenceAdd) = InTurns(
                i => node.Run(() => Add(plugin, ours[i], configuration)),
                i => referenceNode.Run(() => reference.Add(theirs[i])));
            var (delete, referenceDelete) = InTurns(
                i => node.Run(() => Delete(plugin, ours[i], configuration)),
                i => referenceNode.Run(() => reference.Delete(theirs[i])));
            Explain("ADD", add, referenceAdd);
            Explain("DEL", delete, referenceDelete);
            results.Add("cni.add", add.Median / referenceAdd.Median);
            results.Add("cni.add_p99", add.Quantile(0.99) / referenceAdd.Quantile(0.99));
            results.Add("cni.del", delete.Median / referenceDelete.Median);
            results.Add("cni.add_ms", add.Median);
            results.Add("cni.del_ms", delete.Median);
        }
        finally
        {
            foreach (var pod in ours.Concat(theirs))
            {
                NetworkNamespace.Remove(pod.ContainerId);
            }

            NetworkNamespace.Remove("knb-node");
        }
    }

    private static (Samples Ours, Samples Theirs) InTurns(Func<int, double> measureOurs, Func<int, double> measureTheirs)
    {
        Samples ours = new(), theirs = new();
        for (var i = 0; i < Pods + WarmUp; i++)
        {
            var their = measureTheirs(i);
            var our = measureOurs(i);
            if (i >= WarmUp)
            {
                ours.Add(our);
                theirs.Add(their);
            }
        }

        return (ours, theirs);
    }

    private static double Add(string plugin, Attachment pod, JsonObject configuration)
    {
        var result = Cni.Call(plugin, "ADD", pod, configuration.ToJsonString());
        pod.PreviousResult = result.Output;
        return result.Elapsed.TotalMilliseconds;
    }

    private static double Delete(string plugin, Attachment pod, JsonObject configuration)
    {
        var copy = (JsonObject)configuration.DeepClone();
        copy["prevResult"] = JsonNode.Parse(pod.PreviousResult);
        return Cni.Call(plugin, "DEL", pod, copy.ToJsonString()).Elapsed.TotalMilliseconds;
    }

    private static Attachment NewPod(string name)
    {
        NetworkNamespace.Remove(name);
        using var pod = NetworkNamespace.Create(name);
        return new Attachment(name, $"/run/netns/{name}");
    }

    /// <summary>The list's first plugin as libcni hands it over: with the list's name and version.</summary>
    private static JsonObject FirstPlugin(string folder)
    {
        var list = JsonNode.Parse(File.ReadAllText(Directory.GetFiles(folder, "*.conflist").Order().First()))!;
        var plugin = (JsonObject)list["plugins"]![0]!.DeepClone();
        plugin["name"] = list["name"]!.DeepClone();
        plugin["cniVersion"] = list["cniVersion"]!.DeepClone();
        return plugin;
    }

    private static void Explain(string verb, Samples ours, Samples theirs) => Results.Explain(
        $"{verb}, {ours.Count} pods: kn p50 {ours.Median:F2} ms, p99 {ours.Quantile(0.99):F2} ms; bridge + host-local + portmap p50 {theirs.Median:F2} ms, p99 {theirs.Quantile(0.99):F2} ms");
}
