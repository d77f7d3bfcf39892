using System.Globalization;
using System.Text;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Tls;
using Kn.Kubernetes.Objects;
using Kn.Linux.Tls;

namespace Kn.Ingress.Tests.Tls;

/// <summary>What certificates cost; alone, since all memory of the process is counted.</summary>
[Collection(Alone.Group)]
[CollectionDefinition(Alone.Group, DisableParallelization = true)]
public sealed class CertificateMemoryTests
{
    private const int Count = 1000;
    private const int MaxBytesEach = 24 << 10;

    [Fact]
    public void AThousandCertificates_CostLittle_AndOnesThatAreReplacedNothing()
    {
        var pems = Enumerable.Range(0, 20).Select(static number => TestCertificates.Make($"c{number}", $"c{number}.org")).ToArray();
        var live = new LiveCertificates();
        Fill(live, pems);
        var before = Resident();
        for (var round = 0; round < 10; round++)
        {
            Fill(live, pems);
        }

        Collect();
        var replaced = Resident() - before;
        live.Apply([.. live.Pieces.Select(static pair => new Change<string, HostCertificate>(pair.Key, pair.Value, null))]);
        Collect();
        Assert.Equal(0, live.HostCount);
        Assert.True(replaced < Count * MaxBytesEach, $"{Count} certificates that were replaced 10 times cost {replaced >> 10} KiB more");
    }

    [Fact]
    public void CertificatesWithTheirKeys_CostWhatTheyHold()
    {
        var (pem, key) = TestCertificates.MakeRsa("a.org");
        var warm = TlsCertificate.Load(Encoding.ASCII.GetBytes(pem), Encoding.ASCII.GetBytes(key));
        var before = Resident();
        var all = Enumerable.Range(0, Count).Select(_ => TlsCertificate.Load(Encoding.ASCII.GetBytes(pem), Encoding.ASCII.GetBytes(key))).ToArray();
        Collect();
        var cost = Resident() - before;
        GC.KeepAlive(all);
        GC.KeepAlive(warm);
        Assert.True(cost < Count * MaxBytesEach, $"{Count} certificates with RSA keys cost {cost >> 10} KiB");
    }

    private static void Fill(LiveCertificates live, (string Certificate, string Key)[] pems) => live.Apply([.. Enumerable.Range(0, Count).Select(number =>
    {
        var (certificate, key) = pems[number % pems.Length];
        var loaded = TlsCertificate.Load(Encoding.ASCII.GetBytes(certificate), Encoding.ASCII.GetBytes(key));
        var host = $"h{number}.org";
        return new Change<string, HostCertificate>(host, live.PieceOf(host), new HostCertificate(new ObjectKey("ns", host), loaded));
    })]);

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private static long Resident()
    {
        var line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) << 10;
    }
}
