using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;
using IpProtocol = Kn.Linux.Nftables.IpProtocol;

namespace Kn.Cni.Tests.Ipam;

public sealed class AttachmentJournalTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-journal-").FullName;

    private string FilePath => Path.Combine(_directory, "attachments", "journal");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    public static TheoryData<JournalRecord> Records() => new()
    {
        new JournalRecord.Added(Pod(1)),
        new JournalRecord.Added(Pod(2) with { Pod = null, IsComplete = true, Addresses = [] }),
        new JournalRecord.Added(Pod(3) with { NamespacePath = "/run/\"quoted\\path", Key = new AttachmentKey("c", "ethé") }),
        new JournalRecord.Added(Pod(4) with
        {
            PortMappings = [new PortMapping(8080, 80, IpProtocol.Tcp), new PortMapping(53, 5353, IpProtocol.Udp, IpAddress.Parse("fd00::1"))],
            Bandwidth = new BandwidthLimits(null, new RateLimit(1_000_000, 8)),
            Mac = MacAddress.Parse("02:00:00:00:00:01"),
            Bridge = "kn-bridge",
            Mtu = 1400,
        }),
        new JournalRecord.Completed(Pod(1).Key),
        new JournalRecord.Removed(Pod(1).Key),
        new JournalRecord.Position([IpAddress.Parse("10.0.0.9"), IpAddress.Parse("fd00::9")]),
    };

    [Theory]
    [MemberData(nameof(Records))]
    public void Line_ReadsBack_AndAnyDamageIsNoticed(JournalRecord record)
    {
        var line = JournalLine.Write(record);
        Assert.Equal((byte)'\n', line[^1]);
        Assert.DoesNotContain((byte)'\n', line[..^1]);
        Assert.Equal(record, JournalLine.TryRead(line.AsMemory(0, line.Length - 1)));
        for (var length = 0; length < line.Length - 1; length++)
        {
            Assert.Null(JournalLine.TryRead(line.AsMemory(0, length)));
            var damaged = line[..^1];
            damaged[length] ^= 0x10;
            Assert.Null(JournalLine.TryRead(damaged));
        }
    }

    [Fact]
    public void LineOfTheFirstRelease_ReadsAsAnAttachmentWithoutExtras()
    {
        var line = Encoding.UTF8.GetBytes(
            """37aa0878 {"op":"add","container":"c0001","interface":"eth0","network":"kn","netns":"/run/netns/1","namespace":"default","pod":"web-1","addresses":["10.0.0.1","fd00::1"],"complete":true}""");
        Assert.Equal(new JournalRecord.Added(Pod(1) with { IsComplete = true }), JournalLine.TryRead(line));
    }

    [Fact]
    public async Task Reopened_HoldsWhatWasAppended()
    {
        using (var journal = AttachmentJournal.Open(FilePath))
        {
            await journal.AppendAsync(new JournalRecord.Added(Pod(1)));
            journal.Append(new JournalRecord.Completed(Pod(1).Key));
            await journal.AppendAsync(new JournalRecord.Added(Pod(2)));
            await journal.AppendAsync(new JournalRecord.Added(Pod(3)));
            journal.Append(new JournalRecord.Removed(Pod(3).Key));
        }

        using var again = AttachmentJournal.Open(FilePath);
        Assert.Equal(0, again.DamagedLines);
        Assert.Equal([Pod(1) with { IsComplete = true }, Pod(2)], Sorted(again));
        Assert.Equal(Pod(3).Addresses, again.Read(static table => table.Last));
    }

    [Fact]
    public async Task TornTail_LosesOnlyTheTornLine_AndTakesNewOnes()
    {
        using (var journal = AttachmentJournal.Open(FilePath))
        {
            await journal.AppendAsync(new JournalRecord.Added(Pod(1)));
            await journal.AppendAsync(new JournalRecord.Added(Pod(2)));
        }

        var bytes = await File.ReadAllBytesAsync(FilePath);
        await File.WriteAllBytesAsync(FilePath, bytes[..^5]);
        using (var journal = AttachmentJournal.Open(FilePath))
        {
            Assert.Equal(1, journal.DamagedLines);
            Assert.Equal([Pod(1)], Sorted(journal));
            await journal.AppendAsync(new JournalRecord.Added(Pod(3)));
        }

        using var again = AttachmentJournal.Open(FilePath);
        Assert.Equal(0, again.DamagedLines);
        Assert.Equal([Pod(1), Pod(3)], Sorted(again));
    }

    [Fact]
    public void EveryTruncation_LeavesAPrefixOfTheHistory() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(30), Prop.ForAll<byte[]>(static steps =>
        {
            var content = new List<byte>();
            var ends = new List<(int Length, Attachment[] State)> { (0, []) };
            var table = new AttachmentTable();
            foreach (var record in History(steps ?? []))
            {
                content.AddRange(JournalLine.Write(record));
                table.Apply(record);
                ends.Add((content.Count, Sorted(table)));
            }

            var bytes = content.ToArray();
            for (var length = 0; length <= bytes.Length; length++)
            {
                var replayed = new AttachmentTable();
                AttachmentJournal.Replay(bytes.AsMemory(0, length), replayed);
                // A line that lacks nothing but its line feed counts.
                var (_, expected) = ends.Last(end => end.Length <= length + 1);
                if (!Sorted(replayed).SequenceEqual(expected))
                {
                    return false;
                }
            }

            return true;
        }));

    [Fact]
    public async Task ParallelAppends_ShareFlushes_AndAllArrive()
    {
        using var journal = AttachmentJournal.Open(FilePath);
        await Task.WhenAll(Enumerable.Range(1, 200).Select(number => Task.Run(() => journal.AppendAsync(new JournalRecord.Added(Pod(number))))));
        Assert.InRange(journal.FlushCount, 1, 199);
        var table = new AttachmentTable();
        Assert.Equal(0, AttachmentJournal.Replay(await File.ReadAllBytesAsync(FilePath), table));
        Assert.Equal(200, table.All.Count);
    }

    [Fact]
    public async Task LongHistory_IsCompacted()
    {
        using var journal = AttachmentJournal.Open(FilePath);
        for (var number = 0; number < 3000; number++)
        {
            journal.Append(new JournalRecord.Added(Pod(number)));
            journal.Append(new JournalRecord.Removed(Pod(number).Key));
        }

        await journal.AppendAsync(new JournalRecord.Added(Pod(5000)));
        var lines = (await File.ReadAllLinesAsync(FilePath)).Length;
        Assert.InRange(lines, 1, 1100);
        Assert.Equal([Pod(5000)], Sorted(journal));
    }

    [Fact]
    public void SpoiledFile_IsNoObstacle()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        File.WriteAllBytes(FilePath, [0, 0, 0, (byte)'\n', 0xFF, (byte)'\n', .. JournalLine.Write(new JournalRecord.Added(Pod(1)))]);
        using var journal = AttachmentJournal.Open(FilePath);
        Assert.Equal(2, journal.DamagedLines);
        Assert.Equal([Pod(1)], Sorted(journal));
    }

    private static IEnumerable<JournalRecord> History(byte[] steps)
    {
        foreach (var step in steps.Take(12))
        {
            var pod = Pod((step >> 2) % 4);
            yield return (step & 3) switch
            {
                0 or 1 => new JournalRecord.Added(pod),
                2 => new JournalRecord.Completed(pod.Key),
                _ => new JournalRecord.Removed(pod.Key),
            };
        }
    }

    private static Attachment Pod(int number) => new()
    {
        Key = new AttachmentKey($"c{number:D4}", "eth0"),
        Network = "kn",
        NamespacePath = $"/run/netns/{number}",
        Pod = new ObjectKey("default", $"web-{number}"),
        Addresses = [IpAddress.FromV4(0x0A00_0000u + (uint)number), IpAddress.Parse($"fd00::{number:x}")],
    };

    private static Attachment[] Sorted(AttachmentJournal journal) => journal.Read(Sorted);

    private static Attachment[] Sorted(AttachmentTable table) => [.. table.All.OrderBy(static item => item.Key.ContainerId, StringComparer.Ordinal)];
}
