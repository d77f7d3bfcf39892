using Kn.Ingress.Http2;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Proxying;
using Kn.Ingress.Tests.Proxying;

namespace Kn.Ingress.Tests.Http2;

/// <summary>What is cheap to send and dear to take comes to an end.</summary>
public sealed class Http2FloodTests
{
    private const string Hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    public static TheoryData<string, byte[]> Floods => new()
    {
        { "PING", FrameClient.Frame(FrameKind.Ping, FrameFlags.None, 0, new byte[8]) },
        { "SETTINGS", FrameClient.Frame(FrameKind.Settings, FrameFlags.None, 0) },
        { "SETTINGS acknowledged", FrameClient.Frame(FrameKind.Settings, FrameFlags.Ack, 0) },
        { "PRIORITY", FrameClient.Frame(FrameKind.Priority, FrameFlags.None, 3, 0, 0, 0, 1, 5) },
        { "WINDOW_UPDATE", FrameClient.Frame(FrameKind.WindowUpdate, FrameFlags.None, 0, 0, 0, 0, 1) },
        { "unknown", FrameClient.Frame((FrameKind)0x77, FrameFlags.None, 0) },
        { "empty DATA", FrameClient.Frame(FrameKind.Data, FrameFlags.None, 1) },
        { "RST_STREAM of what is closed", FrameClient.Frame(FrameKind.Reset, FrameFlags.None, 3, 0, 0, 0, 8) },
    };

    [Theory, MemberData(nameof(Floods))]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_flood_of_frames_that_are_of_no_use_ends_the_connection(string name, byte[] frame)
    {
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.BeginAsync(1, FrameClient.Post());
        await client.BeginAsync(3, FrameClient.Post());
        await client.SendAsync(FrameKind.Reset, FrameFlags.None, 3, FrameClient.Number(8));
        var error = client.ReadGoAwayAsync();
        var many = Enumerable.Repeat(frame, 200).SelectMany(static bytes => bytes).ToArray();
        await FloodAsync(client, error, many, 1_000);
        Assert.True(await error == Http2Error.EnhanceYourCalm, name);
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task Rapid_reset_ends_the_connection()
    {
        await using var backend = new ScriptedBackend(static connection => connection.ForeverAsync());
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        var error = client.ReadGoAwayAsync();
        var block = FrameClient.Block(FrameClient.Get());
        for (var stream = 1; stream < 20_000 && !error.IsCompleted; stream += 2)
        {
            try
            {
                await client.SendBytesAsync(
                [
                    .. FrameClient.Frame(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, stream, block),
                    .. FrameClient.Frame(FrameKind.Reset, FrameFlags.None, stream, FrameClient.Number(8)),
                ]);
            }
            catch (IOException)
            {
                break;
            }
        }

        Assert.Equal(Http2Error.EnhanceYourCalm, await error);
        Assert.InRange(engine.Engine.Sum(static counters => counters.Abandoned), 100, 1_000);
    }

    [Fact]
    public async Task ResetsNowAndThen_AreNobodysBusiness()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        for (var stream = 1; stream < 2_000; stream += 4)
        {
            await client.BeginAsync(stream, FrameClient.Post());
            await client.SendAsync(FrameKind.Reset, FrameFlags.None, stream, FrameClient.Number(8));
            await client.AskAsync(stream + 2, FrameClient.Get());
            Assert.EndsWith("hello", await client.ReadAnswerAsync(stream + 2), StringComparison.Ordinal);
        }
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_header_block_without_end_ends_the_connection()
    {
        await using var engine = new RunningEngine(null);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        await client.SendAsync(FrameKind.Headers, FrameFlags.None, 1, FrameClient.Block(FrameClient.Get()));
        var error = client.ReadGoAwayAsync();
        await FloodAsync(client, error, FrameClient.Frame(FrameKind.Continuation, FrameFlags.None, 1, FrameClient.Block("x", new string('a', 1_000))), 1_000);
        Assert.Equal(Http2Error.EnhanceYourCalm, await error);

        using var empty = await FrameClient.ConnectAsync(engine.Port);
        await empty.SendAsync(FrameKind.Headers, FrameFlags.None, 1, FrameClient.Block(FrameClient.Get()));
        error = empty.ReadGoAwayAsync();
        await FloodAsync(empty, error, FrameClient.Frame(FrameKind.Continuation, FrameFlags.None, 1), 100_000);
        Assert.Equal(Http2Error.EnhanceYourCalm, await error);
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_head_that_is_too_long_is_431_and_one_that_is_made_to_swell_ends_the_connection()
    {
        await using var backend = ScriptedBackend.Answering(Hello);
        await using var engine = new RunningEngine(null, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port);
        // One field of 3 KiB into the table, and then that field again and again at an octet each.
        byte[] large = [0x40, .. FrameClient.Block("x", new string('a', 3_000))[1..]];
        byte[] block = [.. FrameClient.Block(FrameClient.Get()), .. large, .. Enumerable.Repeat((byte)0xBE, 20)];
        await client.SendAsync(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 1, block);
        Assert.StartsWith(":status: 431\n", await client.ReadAnswerAsync(1), StringComparison.Ordinal);
        await client.AskAsync(3, FrameClient.Get());
        Assert.EndsWith("hello", await client.ReadAnswerAsync(3), StringComparison.Ordinal);
        await client.SendAsync(FrameKind.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 5, [.. FrameClient.Block(FrameClient.Get()), .. Enumerable.Repeat((byte)0xBE, 10_000)]);
        Assert.Equal(Http2Error.EnhanceYourCalm, await client.ReadGoAwayAsync());
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_client_that_opens_no_window_is_cut_off_and_holds_little()
    {
        var sent = 0L;
        var isCut = new TaskCompletionSource();
        await using var backend = new ScriptedBackend(async connection =>
        {
            try
            {
                await connection.ReadHeadAsync();
                await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n");
                while (true)
                {
                    await connection.WriteAsync(new byte[65536]);
                    sent += 65536;
                }
            }
            catch (IOException)
            {
                isCut.TrySetResult();
            }
        });
        await using var engine = new RunningEngine(new ProxySettings { QuietTimeout = 1_000 }, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port, (SettingKind.InitialWindowSize, 0));
        await client.AskAsync(1, FrameClient.Get());
        await isCut.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(sent, 1, 64 << 20);
        Assert.Equal(Http2Error.Internal, await client.ReadResetAsync(1));
        await client.PingAsync();
    }

    [Fact]
    [Conformance("ingress", "HTTP/2")]
    public async Task A_client_that_never_reads_is_cut_off()
    {
        await using var backend = ScriptedBackend.Answering($"HTTP/1.1 200 OK\r\nContent-Length: {1 << 20}\r\n\r\n{new string('x', 1 << 20)}");
        await using var engine = new RunningEngine(new ProxySettings { QuietTimeout = 1_000 }, backend.Port);
        using var client = await FrameClient.ConnectAsync(engine.Port, (SettingKind.InitialWindowSize, int.MaxValue));
        await client.SendAsync(FrameKind.WindowUpdate, FrameFlags.None, 0, FrameClient.Number(int.MaxValue - 65_535));
        for (var stream = 1; stream < 200; stream += 2)
        {
            await client.AskAsync(stream, FrameClient.Get());
        }

        for (var waited = 0; engine.Engine.Open > 0; waited++)
        {
            Assert.InRange(waited, 0, 3_000);
            await Task.Delay(10);
        }
    }

    [Fact]
    public async Task SlowHeads_AndSilentConnections_ComeToAnEnd()
    {
        await using var engine = new RunningEngine(new ProxySettings { HeadTimeout = 300, IdleTimeout = 300 });
        using var silent = engine.Connect();
        await silent.SendAsync([.. FrameWriter.Preface]);
        Assert.Contains("\0\0\u0008\u0007", await silent.ReadToEndAsync(), StringComparison.Ordinal);
        using var idle = await FrameClient.ConnectAsync(engine.Port);
        Assert.Equal(Http2Error.None, await idle.ReadGoAwayAsync());
        using var slow = await FrameClient.ConnectAsync(engine.Port);
        await slow.SendAsync(FrameKind.Headers, FrameFlags.None, 1, 0x82);
        Assert.Equal(Http2Error.None, await slow.ReadGoAwayAsync());
    }

    [Fact]
    public void Budget_IsSpent_AndComesBack()
    {
        var budget = new TokenBudget(10, 5);
        for (var count = 0; count < 10; count++)
        {
            Assert.True(budget.TrySpend(1, 0));
        }

        Assert.False(budget.TrySpend(1, 0));
        budget.Earn(1);
        Assert.False(budget.TrySpend(1, 0));
        Assert.True(budget.TrySpend(1, 1_000));
        Assert.False(budget.TrySpend(12, 1_000_000));
    }

    private static async Task FloodAsync(FrameClient client, Task until, byte[] bytes, int rounds)
    {
        try
        {
            for (var round = 0; round < rounds && !until.IsCompleted; round++)
            {
                await client.SendBytesAsync(bytes);
            }
        }
        catch (IOException)
        {
            // It has been cut off.
        }
    }
}
