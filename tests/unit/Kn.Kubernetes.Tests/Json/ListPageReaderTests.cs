using System.Text;
using Kn.Kubernetes.Json;

namespace Kn.Kubernetes.Tests.Json;

public sealed class ListPageReaderTests
{
    private const string Page = """
        {"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"42","continue":"abc","remainingItemCount":3},
         "items":[{"a":"}]"},{"b":[1,{"c":null}]} , 17, {}],"extra":{"x":[]}}

        """;

    [Fact]
    public async Task APage_SplitAnywhere_GivesTheSameItems()
    {
        var bytes = Encoding.UTF8.GetBytes(Page);
        for (var split = 1; split < bytes.Length; split++)
        {
            var (page, items) = await ReadAsync(new PiecesStream(bytes, split));
            Assert.Equal(new ListPage("42", "abc"), page);
            Assert.Equal(["""{"a":"}]"}""", """{"b":[1,{"c":null}]}""", "17", "{}"], items);
        }
    }

    [Fact]
    public async Task APage_CutShort_SaysSo()
    {
        var bytes = Encoding.UTF8.GetBytes(Page.TrimEnd());
        for (var length = 0; length < bytes.Length; length++)
        {
            await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(new MemoryStream(bytes, 0, length)));
        }
    }

    [Theory]
    [InlineData("""{"items":null,"metadata":{"resourceVersion":"1"}}""")]
    [InlineData("""{"items":[],"metadata":{"resourceVersion":"1"}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"}}""")]
    public async Task AnEmptyList_HasNoItems(string json)
    {
        var (page, items) = await ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(json)));
        Assert.Equal(new ListPage("1", ""), page);
        Assert.Empty(items);
    }

    [Fact]
    public async Task AnyBytes_AreAPageOrADataError()
    {
        var random = new Random(3);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = Encoding.UTF8.GetBytes(Page);
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                await ReadAsync(new MemoryStream(bytes));
            }
            catch (InvalidDataException error)
            {
                Assert.NotEmpty(error.Message);
            }
        }
    }

    [Fact]
    public async Task ALongList_IsReadInSmallMemory()
    {
        var item = "{\"pad\":\"" + new string('x', 3000) + "\"}";
        var json = Encoding.UTF8.GetBytes("{\"items\":[" + string.Join(',', Enumerable.Repeat(item, 2000)) + "]}");
        var window = new JsonStreamWindow(new MemoryStream(json));
        var count = 0;
        var most = 0;
        await new ListPageReader(window, found => { count++; most = Math.Max(most, window.Unread.Length); }).ReadAsync(CancellationToken.None);
        Assert.Equal(2000, count);
        Assert.InRange(most, 1, 64 << 10);
    }

    private static async Task<(ListPage Page, List<string> Items)> ReadAsync(Stream stream)
    {
        var items = new List<string>();
        var page = await new ListPageReader(new JsonStreamWindow(stream, 16), json => items.Add(Encoding.UTF8.GetString(json))).ReadAsync(CancellationToken.None);
        return (page, items);
    }
}
