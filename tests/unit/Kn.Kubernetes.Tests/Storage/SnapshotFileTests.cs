using System.Runtime.Versioning;
using System.Security.Cryptography;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;
using Kn.Kubernetes.Storage;

namespace Kn.Kubernetes.Tests.Storage;

[SupportedOSPlatform("linux")]
public sealed class SnapshotFileTests : IDisposable
{
    private const string Server = "https://cluster.example:6443/";
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-snapshot-").FullName;
    private readonly ClusterSnapshot _snapshot = ClusterSnapshot.Of(Samples.All.Select(static sample => sample.Expected));

    private readonly ClusterSnapshot _small = ClusterSnapshot.Of(Samples.All[5].Expected, Samples.All[6].Expected);

    private string Path => System.IO.Path.Combine(_folder, "cluster.snapshot");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryKind_RoundTrips()
    {
        Assert.Equal(Samples.All.Count(static sample => !sample.Kind.IsConfidential), SnapshotFile.Save(Path, Server, _snapshot, ResourceKinds.All));
        var saved = SnapshotFile.Load(Path, Server, new StringPool());
        Assert.NotNull(saved);
        Assert.Equal(0, saved.Skipped);
        foreach (var (kind, _, expected) in Samples.All.Where(static sample => !sample.Kind.IsConfidential))
        {
            Assert.Equal(expected, Assert.Single(kind.ObjectsIn(saved.Snapshot)));
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.Equal([Path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void AKindWithoutObjects_IsStillComplete()
    {
        SnapshotFile.Save(Path, Server, ClusterSnapshot.Empty, [ResourceKinds.Pods]);
        Assert.Equal([ResourceKinds.Pods], SnapshotFile.Load(Path, Server, new StringPool())?.Kinds);
    }

    [Fact]
    public void Secrets_AreNotOnTheDisk()
    {
        SnapshotFile.Save(Path, Server, _snapshot, ResourceKinds.All);
        Assert.DoesNotContain("a2V5", File.ReadAllText(Path), StringComparison.Ordinal);
        var saved = SnapshotFile.Load(Path, Server, new StringPool());
        Assert.Empty(saved!.Snapshot.Secrets);
        Assert.Contains(ResourceKinds.Secrets, saved.Kinds);
    }

    [Fact]
    public void NoFile_IsNull() => Assert.Null(SnapshotFile.Load(Path, Server, new StringPool()));

    [Fact]
    public void AFileCutShort_IsRefused()
    {
        SnapshotFile.Save(Path, Server, _small, ResourceKinds.All);
        var bytes = File.ReadAllBytes(Path);
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(Path, bytes[..length]);
            var error = Assert.Throws<InvalidDataException>(() => SnapshotFile.Load(Path, Server, new StringPool()));
            Assert.StartsWith(Path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnyByteChanged_IsRefused()
    {
        SnapshotFile.Save(Path, Server, _small, ResourceKinds.All);
        var bytes = File.ReadAllBytes(Path);
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x10;
            File.WriteAllBytes(Path, bytes);
            Assert.Throws<InvalidDataException>(() => SnapshotFile.Load(Path, Server, new StringPool()));
            bytes[at] ^= 0x10;
        }
    }

    [Fact]
    public void RandomBytes_AreRefused()
    {
        var random = new Random(9);
        for (var round = 0; round < 500; round++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            SnapshotFile.Magic.CopyTo(bytes.Length > 8 ? bytes : new byte[8]);
            File.WriteAllBytes(Path, bytes);
            Assert.Throws<InvalidDataException>(() => SnapshotFile.Load(Path, Server, new StringPool()));
        }
    }

    [Fact]
    public void ANewerFormat_SaysSo()
    {
        SnapshotFile.Save(Path, Server, _snapshot, ResourceKinds.All);
        var bytes = File.ReadAllBytes(Path);
        bytes[6] = 2;
        SHA256.HashData(bytes.AsSpan(0, bytes.Length - 32), bytes.AsSpan(bytes.Length - 32));
        File.WriteAllBytes(Path, bytes);
        var error = Assert.Throws<InvalidDataException>(() => SnapshotFile.Load(Path, Server, new StringPool()));
        Assert.Equal($"{Path}: format 2; this version of kn reads format 1", error.Message);
    }

    [Fact]
    public void AnotherClustersFile_IsRefused()
    {
        SnapshotFile.Save(Path, Server, _snapshot, ResourceKinds.All);
        Assert.Contains("not for https://other/", Assert.Throws<InvalidDataException>(() => SnapshotFile.Load(Path, "https://other/", new StringPool())).Message, StringComparison.Ordinal);
    }
}
