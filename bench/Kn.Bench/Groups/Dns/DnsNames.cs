using System.Globalization;
using System.Text;
using Kn.Bench.Groups.Proxy;

namespace Kn.Bench.Groups.Dns;

/// <summary>What is asked, and the same names for the peers: each Service of these benchmarks as <c>svcN.default.svc.cluster.local</c>, and as many
/// names below <c>bench.test</c>, which are not the cluster's.</summary>
internal static class DnsNames
{
    public const int Names = 10_000;
    private const int Queries = 100_000;

    /// <summary>Queries for dnsperf: 60 % names that exist, 20 % a type that they do not have, 20 % names that do not exist; in an order that
    /// repeats none soon, the same each time.</summary>
    public static void WriteMix(string path) => Write(path, static (random, number) => random.Next(10) switch
    {
        < 6 => $"{ServiceShape.Name(number)}.default.svc.cluster.local A",
        < 8 => $"{ServiceShape.Name(number)}.default.svc.cluster.local AAAA",
        _ => $"none{number}.default.svc.cluster.local A",
    });

    /// <summary>Queries for names outside the cluster, each of which exists.</summary>
    public static void WriteOutside(string path) => Write(path, static (_, number) => $"host{number}.bench.test A");

    /// <summary>Every name outside the cluster once: to fill a cache.</summary>
    public static void WriteEachOutside(string path) => File.WriteAllLines(path, Enumerable.Range(0, Names).Select(static number => $"host{number}.bench.test A"));

    /// <summary>The cluster's names as a zone file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ttl">How long answers hold, in seconds.</param>
    public static void WriteClusterZone(string path, int ttl) => File.WriteAllLines(path, Zone("cluster.local.", ttl).Concat(
        Enumerable.Range(0, Names).Select(number => $"{ServiceShape.Name(number)}.default.svc {ttl} A {ServiceShape.ClusterIp(number)}")));

    /// <summary>The others as a zone file.</summary>
    public static void WriteOutsideZone(string path) => File.WriteAllLines(path, Zone("bench.test.", 5).Concat(
        Enumerable.Range(0, Names).Select(static number => $"host{number} 86400 A {ServiceShape.Endpoint(number, 0)}")));

    /// <summary>The cluster's names in unbound's words.</summary>
    public static string UnboundLocalData()
    {
        var text = new StringBuilder("local-zone: \"cluster.local.\" static\nlocal-data: \"cluster.local. 5 SOA ns.cluster.local. host.cluster.local. 1 7200 1800 86400 5\"\n");
        for (var number = 0; number < Names; number++)
        {
            text.Append(CultureInfo.InvariantCulture, $"local-data: \"{ServiceShape.Name(number)}.default.svc.cluster.local. 5 A {ServiceShape.ClusterIp(number)}\"\n");
        }

        return text.ToString();
    }

    /// <summary>The cluster's names as a hosts file.</summary>
    public static void WriteHosts(string path) => File.WriteAllLines(path, Enumerable.Range(0, Names).Select(static number =>
        $"{ServiceShape.ClusterIp(number)} {ServiceShape.Name(number)}.default.svc.cluster.local"));

    private static IEnumerable<string> Zone(string origin, int ttl) => [$"$ORIGIN {origin}", $"@ 86400 SOA ns host 1 7200 1800 86400 {ttl}", "@ 86400 NS ns", "ns 86400 A 127.0.0.1"];

    private static void Write(string path, Func<Random, int, string> line)
    {
        var random = new Random(75);
        File.WriteAllLines(path, Enumerable.Range(0, Queries).Select(_ => line(random, random.Next(Names))));
    }
}
