using Kn.Linux.Namespaces;

namespace Kn.Bench.Groups;

/// <summary>ADD and DEL of 200 pods, beside Debian's reference plugins, one call of each in turn. Bars: cni.add 0.4, cni.add_p99 0.5,
/// cni.add_masq 0.2, cni.add_hostport 0.12, cni.del 0.3.</summary>
internal static class CniBench
{
    private const int Pods = 200;
    private const int WarmUp = 5;
    private const int FirstHostPort = 20000;

    public static void Run(string binaries, Results results)
    {
        using var lab = Lab.Up(binaries, "benchcni");
        using var node = lab.OpenNode();
        var ours = new OwnPlugin(Path.Combine(binaries, "kn"), $"{lab.NodeFolder}/cni/net.d");
        Measure(node, ours, masquerade: false, (add, referenceAdd, delete, referenceDelete) =>
        {
            Explain("ADD", add, referenceAdd);
            Explain("DEL", delete, referenceDelete);
            results.Add("cni.add", add.Median / referenceAdd.Median);
            results.Add("cni.add_p99", add.Quantile(0.99) / referenceAdd.Quantile(0.99));
            results.Add("cni.del", delete.Median / referenceDelete.Median);
            results.Add("cni.add_ms", add.Median);
            results.Add("cni.del_ms", delete.Median);
        });
        Measure(node, ours, masquerade: true, (add, referenceAdd, _, _) =>
        {
            Explain("ADD, ipMasq", add, referenceAdd);
            results.Add("cni.add_masq", add.Median / referenceAdd.Median);
        });
        Measure(node, ours, masquerade: false, (add, referenceAdd, delete, referenceDelete) =>
        {
            Explain("ADD, one hostPort", add, referenceAdd);
            Explain("DEL, one hostPort", delete, referenceDelete);
            results.Add("cni.add_hostport", add.Median / referenceAdd.Median);
        }, FirstHostPort);
    }

    /// <summary>One case: all pods are added and then deleted, by each side in turn.</summary>
    private static void Measure(
        NetworkNamespace node, OwnPlugin plugin, bool masquerade, Action<Samples, Samples, Samples, Samples> tell, int? firstHostPort = null)
    {
        const string referenceName = "knb-node";
        NetworkNamespace.Remove(referenceName);
        using var referenceNode = NetworkNamespace.Create(referenceName);
        using var reference = new ReferenceChain(masquerade);
        List<Attachment> ours = [], theirs = [];
        try
        {
            for (var i = 0; i < Pods + WarmUp; i++)
            {
                ours.Add(NewPod($"knb-ours{i}", firstHostPort + i));
                theirs.Add(NewPod($"knb-theirs{i}", firstHostPort + i));
            }

            var (add, referenceAdd) = InTurns(
                i => node.Run(() => plugin.Add(ours[i])),
                i => referenceNode.Run(() => reference.Add(theirs[i])));
            var (delete, referenceDelete) = InTurns(
                i => node.Run(() => plugin.Delete(ours[i])),
                i => referenceNode.Run(() => reference.Delete(theirs[i])));
            tell(add, referenceAdd, delete, referenceDelete);
        }
        finally
        {
            foreach (var pod in ours.Concat(theirs))
            {
                NetworkNamespace.Remove(pod.ContainerId);
            }

            NetworkNamespace.Remove(referenceName);
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

    private static Attachment NewPod(string name, int? hostPort)
    {
        NetworkNamespace.Remove(name);
        using var pod = NetworkNamespace.Create(name);
        return new Attachment(name, $"/run/netns/{name}", hostPort);
    }

    private static void Explain(string verb, Samples ours, Samples theirs) => Results.Explain(
        $"{verb}, {ours.Count} pods: kn p50 {ours.Median:F2} ms, p99 {ours.Quantile(0.99):F2} ms; bridge + host-local + portmap p50 {theirs.Median:F2} ms, p99 {theirs.Quantile(0.99):F2} ms");
}
