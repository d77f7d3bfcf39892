using System.Net;
using System.Net.Sockets;
using Kn.Dns.Forwarding;
using Kn.Dns.Wire;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>resolv.conf that changes, our own address in it, and upstreams that lead back here.</summary>
public sealed class UpstreamDirectoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-dns-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "resolv.conf");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task ResolvConf_ThatChanges_IsFollowed()
    {
        await File.WriteAllTextAsync(Path, "nameserver 192.0.2.1\n");
        await using var test = OfResolvConf(out _);
        test.Run();
        await EventuallyAsks(test, "192.0.2.1:53");
        await File.WriteAllTextAsync(Path + ".new", "nameserver 192.0.2.2\nnameserver 192.0.2.3\n");
        File.Move(Path + ".new", Path, overwrite: true);
        await EventuallyAsks(test, "192.0.2.2:53 192.0.2.3:53");
    }

    [Fact]
    public async Task ResolvConf_ThatIsGone_LeavesWhatItSaid()
    {
        await File.WriteAllTextAsync(Path, "nameserver 192.0.2.1\n");
        await using var test = OfResolvConf(out var log);
        await test.Forwarder.LoadAsync(CancellationToken.None);
        File.Delete(Path);
        await test.Forwarder.LoadAsync(CancellationToken.None);
        await test.Forwarder.LoadAsync(CancellationToken.None);
        Assert.Equal("192.0.2.1:53", Asked(test));
        Assert.Single(log.Events, "resolvConfUnreadable");
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task OwnAddress_IsLeftOut_AndSaid()
    {
        await File.WriteAllTextAsync(Path, "nameserver 10.96.0.10\nnameserver 192.0.2.1\n");
        await using var test = OfResolvConf(out var log);
        await test.Forwarder.LoadAsync(CancellationToken.None);
        Assert.Equal("192.0.2.1:53", Asked(test));
        Assert.Contains(log.Lines, static line => line.Contains("10.96.0.10:53, which is this server itself", StringComparison.Ordinal));
    }

    [Fact]
    public async Task NothingButTheOwnAddress_IsAWarning_AndServfail()
    {
        await File.WriteAllTextAsync(Path, "nameserver 10.96.0.10\n");
        await using var test = OfResolvConf(out var log);
        await test.Forwarder.LoadAsync(CancellationToken.None);
        Assert.Contains("noUpstreams", log.Events);
        Assert.Equal(DnsRcode.ServerFailure, (await test.AnswerAsync("www.example")).Rcode);
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task UpstreamThatLeadsBackHere_IsFound_AndRefusedInsteadOfAStorm()
    {
        var log = new RecordingLogger();
        await using var circle = new Circle();
        await using var looped = new ForwarderTest(new DnsForwardOptions { Upstreams = [circle.Address.ToString()] }, logger: log);
        circle.Ask = message => looped.Ask(message);
        await looped.Forwarder.LoadAsync(CancellationToken.None);
        looped.Run();
        await ForwarderTest.EventuallyAsync(() => log.Events.Contains("forwardLoop"), "the loop is found");
        Assert.Equal(DnsRcode.Refused, (await looped.AnswerAsync("www.example")).Rcode);
        Assert.Equal(1, circle.Questions);
    }

    [Fact]
    public async Task Status_SaysHowUpstreamsDo()
    {
        var told = "";
        await using var upstream = new FakeUpstream { Answer = static query => UpstreamMessages.Respond(query, DnsRcode.NoError, UpstreamMessages.A("192.0.2.1")) };
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(upstream), surroundings: new ForwarderSurroundings { Tell = text => told = text });
        test.Run();
        await ForwarderTest.EventuallyAsync(() => told == $"{upstream.Address} not asked yet", "it is told of");
        await test.AnswerAsync("www.example");
        await ForwarderTest.EventuallyAsync(
            () =>
            {
                test.Time.Advance(TimeSpan.FromSeconds(1));
                return told == $"{upstream.Address} 0 ms";
            },
            "its time is told");
    }

    [Conformance("dns", "Forwarding")]
    [Fact]
    public async Task QuestionThatComesBack_BeforeTheLoopIsFound_WaitsForItself()
    {
        await using var circle = new Circle();
        await using var test = new ForwarderTest(new DnsForwardOptions { Upstreams = [circle.Address.ToString()] });
        circle.Ask = message => test.Ask(message);
        await test.Forwarder.LoadAsync(CancellationToken.None);
        var response = await test.StepUntilAnsweredAsync(test.Ask("www.example"), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(4.1));
        Assert.Equal(DnsRcode.ServerFailure, response.Rcode);
        Assert.InRange(circle.Questions, 1, 8);
    }

    private ForwarderTest OfResolvConf(out RecordingLogger log)
    {
        log = new RecordingLogger();
        var own = new IPEndPoint(IPAddress.Parse("10.96.0.10"), 53);
        return new ForwarderTest(new DnsForwardOptions { ResolvConf = Path }, surroundings: new ForwarderSurroundings { IsOwn = own.Equals }, logger: log);
    }

    private static string Asked(ForwarderTest test) => string.Join(' ', test.Forwarder.Routes.Upstreams);

    private static Task EventuallyAsks(ForwarderTest test, string expected) => ForwarderTest.EventuallyAsync(
        () =>
        {
            test.Time.Advance(TimeSpan.FromSeconds(1));
            return Asked(test) == expected;
        },
        $"{expected} are asked");

    /// <summary>An upstream that asks whom it is an upstream of.</summary>
    private sealed class Circle : IAsyncDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly Task _serving;
        private int _questions;

        public Circle()
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Address = (IPEndPoint)_socket.LocalEndPoint!;
            _serving = ServeAsync();
        }

        public IPEndPoint Address { get; }

        public Func<byte[], ForwarderTest.Pending>? Ask { get; set; }

        public int Questions => _questions;

        public async ValueTask DisposeAsync()
        {
            _socket.Dispose();
            await _serving;
        }

        private async Task ServeAsync()
        {
            var buffer = new byte[4096];
            try
            {
                while (true)
                {
                    var received = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, Address);
                    Interlocked.Increment(ref _questions);
                    _ = ReplyAsync(buffer[..received.ReceivedBytes], received.RemoteEndPoint);
                }
            }
            catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
            {
            }
        }

        private async Task ReplyAsync(byte[] query, EndPoint client)
        {
            try
            {
                await _socket.SendToAsync(await Ask!(query).MessageAsync(), SocketFlags.None, client);
            }
            catch (Exception exception) when (exception is ObjectDisposedException or SocketException or TimeoutException)
            {
            }
        }
    }
}
