using System.Text;
using System.Text.Json;
using Kn.Kubernetes.Json;

namespace Kn.Kubernetes.Tests.Json;

public sealed class WatchFrameTests
{
    private const string Stream = """
        {"type":"ADDED","object":{"metadata":{"name":"a"}}}
        {"object":{"metadata":{"name":"b\n}"}},"type":"MODIFIED"}
        {"type":"DELETED","object":{}}{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}

        {"type":"ERROR","object":{"code":410},"more":[{}]}
        {"type":"NEWS","object":1}

        """;

    private static readonly string[] s_expected =
    [
        """Added {"metadata":{"name":"a"}}""", """Modified {"metadata":{"name":"b\n}"}}""", "Deleted {}",
        """Bookmark {"metadata":{"resourceVersion":"9"}}""", """Error {"code":410}""", "Unknown 1",
    ];

    [Fact]
    public async Task AStream_SplitAnywhere_GivesTheSameEvents()
    {
        var bytes = Encoding.UTF8.GetBytes(Stream);
        for (var split = 1; split < bytes.Length; split++)
        {
            Assert.Equal(s_expected, await ReadAsync(new PiecesStream(bytes, split)));
        }
    }

    [Fact]
    public async Task AStream_CutShort_GivesTheWholeEventsInFront()
    {
        var bytes = Encoding.UTF8.GetBytes(Stream);
        for (var length = 0; length < bytes.Length; length++)
        {
            var events = await ReadAsync(new MemoryStream(bytes, 0, length));
            Assert.Equal(s_expected.Take(events.Count), events);
        }
    }

    [Fact]
    public async Task AnyBytes_AreEventsOrAJsonError()
    {
        var random = new Random(5);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(Stream);
            for (var flips = random.Next(1, 9); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                await ReadAsync(new MemoryStream(bytes));
            }
            catch (JsonException error)
            {
                Assert.NotEmpty(error.Message);
            }
        }
    }

    [Fact]
    public void Identity_ReadsWhatItCan_OfAnyBytes()
    {
        var identity = ObjectIdentity.Read("""{"spec":7,"metadata":{"name":"n","labels":[],"namespace":"ns","resourceVersion":"5"},"status":"""u8);
        Assert.Equal(("ns/n", "5"), (identity.Key.ToString(), identity.ResourceVersion));
        var random = new Random(6);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = new byte[random.Next(80)];
            random.NextBytes(bytes);
            ObjectIdentity.Read(bytes);
        }
    }

    private static async Task<List<string>> ReadAsync(Stream stream)
    {
        var events = new List<string>();
        var window = new JsonStreamWindow(stream, 16);
        while (await window.FillAsync(CancellationToken.None))
        {
            while (WatchFrame.TryRead(window.Unread, out var frame, out var length))
            {
                events.Add($"{frame.Type} {Encoding.UTF8.GetString(frame.Object)}");
                window.Consume(length);
            }
        }

        return events;
    }
}
