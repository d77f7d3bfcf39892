using System.Text;
using Kn.Dns;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Tests.Commands;

#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class DnsCommandTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-dns-command-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly ControlHandlers _handlers = new();
    private ControlRequest? _asked;
    private ControlServer? _server;
    private Task _run = Task.CompletedTask;

    private string SocketPath => Path.Combine(_directory, "kn.sock");

    public Task InitializeAsync()
    {
        _server = new ControlServer(SocketPath, _handlers, new MetricRegistry(), NullLoggerFactory.Instance, TimeProvider.System);
        _run = _server.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _server?.Dispose();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task CacheClear_SaysWhatTheAgentHasForgotten()
    {
        Answer(DnsVerb.Good, "3 answers forgotten, 812 bytes");
        Assert.Equal(new KnResult(0, "3 answers forgotten, 812 bytes\n", ""), await KnProcess.RunAsync(["dns", "cache", "clear", "--socket", SocketPath]));
        Assert.Equal(DnsVerb.ClearCache, _asked!.Arguments[DnsVerb.Action]);
    }

    [Theory]
    [InlineData("NOERROR", 0)]
    [InlineData("NXDOMAIN", 1)]
    public async Task Query_ExitsAsTheAnswerIs(string rcode, int exit)
    {
        Answer(DnsVerb.Good, $$"""{"name":"web.","type":"A","client":"10.244.1.7","rcode":"{{rcode}}","rule":"a rule","source":"cluster","flags":"qr","answers":["web. 5 IN A 10.96.0.1"],"authorities":[],"additionals":[]}""");
        var result = await KnProcess.RunAsync(["dns", "query", "web", "--from", "10.244.1.7", "--socket", SocketPath]);
        Assert.Equal(new KnResult(exit, $"web. A, asked by 10.244.1.7: {rcode}\nfrom:   cluster\nrule:   a rule\nflags:  qr\nanswer:\n  web. 5 IN A 10.96.0.1\n", ""), result);
        Assert.Equal(("web", "A", "10.244.1.7"), (_asked!.Arguments[DnsVerb.Question], _asked.Arguments[DnsVerb.Type], _asked.Arguments[DnsVerb.From]));
    }

    [Fact]
    public async Task AgentThatCannot_SaysWhy()
    {
        Answer(DnsVerb.Failed, "'..' is not a DNS name");
        Assert.Equal(new KnResult(1, "", "kn: '..' is not a DNS name\n"), await KnProcess.RunAsync(["dns", "query", "..", "--socket", SocketPath]));
        var away = Path.Combine(_directory, "none.sock");
        Assert.Equal(new KnResult(3, "", $"kn: no agent at {away}: is kn.service running?\n"), await KnProcess.RunAsync(["dns", "cache", "clear", "--socket", away]));
    }

    private void Answer(int exitCode, string body) => _handlers.Set(DnsVerb.Name, (request, _) =>
    {
        _asked = request;
        return Task.FromResult(new ControlResponse(exitCode, Encoding.UTF8.GetBytes(body)));
    });
}
