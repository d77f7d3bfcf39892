using System.Text;
using System.Text.Json;
using Kn.Ingress.Http;
using Kn.Ingress.Proxying;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Ingress.Tests.Proxying;

public sealed class AccessLogTests
{
    [Fact]
    public void Line_IsJson_WhateverTheClientWrote()
    {
        var random = new Random(4);
        var line = new byte[AccessLine.MaxLength];
        for (var round = 0; round < 2000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(2000)).Select(_ => (char)random.Next(0x21, 0x100)).Where(static letter => letter is not ('#' or '%' or '\\' or '.' or (char)0x7F)));
            var head = Encoding.Latin1.GetBytes($"GET /{text} HTTP/1.1\r\nHost: a.org\r\nUser-Agent: {text}\"\\\r\nReferer: {text}\r\n\r\n");
            var request = new RequestHead();
            Assert.Equal(HeadFault.None, request.Read(head));
            var client = new ClientIdentity { Address = [.. "10.0.0.1"u8], ForwardedFor = [], Port = [], IsTls = false, IsTrusted = false };
            var length = AccessLine.Begin(line, request, head, client, DateTimeOffset.UnixEpoch);
            if (length == 0)
            {
                continue;
            }

            length = AccessLine.End(line, length, 200, 5, 0.0015, "10.0.0.2:80"u8, "id"u8);
            if (length == 0)
            {
                continue;
            }

            Assert.Equal(1, line.AsSpan(0, length).Count((byte)'\n'));
            var json = JsonDocument.Parse(line.AsMemory(0, length)).RootElement;
            Assert.Equal(("1970-01-01T00:00:00.000Z", 200, 0.0015), (json.GetProperty("ts").GetString(), json.GetProperty("status").GetInt32(), json.GetProperty("seconds").GetDouble()));
            Assert.Equal(("/" + text)[..Math.Min(text.Length + 1, 1024)], json.GetProperty("target").GetString());
        }
    }

    [Fact]
    public void CombinedLine_IsAsApacheWritesIt()
    {
        var line = new byte[AccessLine.MaxLength];
        var head = Encoding.Latin1.GetBytes("GET /a?b=\"c HTTP/1.1\r\nHost: a.org\r\nUser-Agent: curl/8 \u00e9\r\n\r\n");
        var request = new RequestHead();
        Assert.Equal(HeadFault.None, request.Read(head));
        var client = new ClientIdentity { Address = [.. "10.0.0.1"u8], ForwardedFor = [], Port = [], IsTls = false, IsTrusted = false };
        var length = CombinedLine.End(line, CombinedLine.Begin(line, request, head, client, DateTimeOffset.UnixEpoch), 404, 12);
        Assert.Equal("10.0.0.1 - - [01/Jan/1970:00:00:00 +0000] \"GET /a?b=\\x22c HTTP/1.1\" 404 12 \"-\" \"curl/8 \\xE9\"\n", Encoding.ASCII.GetString(line, 0, length));
    }

    [Fact]
    public async Task Lines_GetIntoTheFile_AndIntoItsSuccessor()
    {
        var folder = Directory.CreateTempSubdirectory("kn-access-");
        try
        {
            var path = Path.Combine(folder.FullName, "access.log");
            var log = new AccessLog(path, TimeProvider.System, NullLogger.Instance);
            using var stop = new CancellationTokenSource();
            var running = log.RunAsync(stop.Token);
            log.Add("one\n"u8);
            await UntilAsync(() => File.Exists(path) && File.ReadAllText(path) == "one\n");
            File.Move(path, path + ".1");
            log.Add("two\n"u8);
            await UntilAsync(() => File.Exists(path));
            log.Add("three\n"u8);
            await stop.CancelAsync();
            await running;
            Assert.Equal("two\nthree\n", File.ReadAllText(path));
            Assert.Equal(0, log.Dropped);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void WhatTheDiskIsTooSlowFor_IsDroppedAndCounted()
    {
        var log = new AccessLog("/nonexistent/x", TimeProvider.System, NullLogger.Instance);
        var line = new byte[1024];
        for (var round = 0; round < 1100; round++)
        {
            log.Add(line);
        }

        Assert.Equal(1100 - 1024, log.Dropped);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(10, deadline.Token);
        }
    }
}
