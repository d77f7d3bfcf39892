using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Policy.Inspection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Tests.Commands;

#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class PolicyCommandTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const string Drop = """{"time":"2026-11-22T12:00:01.5+00:00","direction":"ingress","protocol":"TCP","source":{"address":"fd00::3","port":4711,"pod":"b/client"},"destination":{"address":"fd00::1","port":80,"pod":"a/web"},"answer":false,"isolatedBy":["a/deny","(defaultDeny)"]}""";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-policy-command-").FullName;
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

    [Theory]
    [InlineData("true", "allowed", 0)]
    [InlineData("false", "denied", 1)]
    public async Task Explain_ExitsAsTheAnswerIs(string allowed, string word, int exit)
    {
        var report = $$$"""{"allowed":{{{allowed}}},"connections":[{"allowed":{{{allowed}}},"source":{"address":"10.0.1.3","pod":"b/client"},"destination":{"address":"10.0.1.1","port":80,"pod":"a/web"},"protocol":"TCP","egress":{"allowed":true,"cause":"notIsolated","words":"one"},"ingress":{"allowed":{{{allowed}}},"cause":"rule","words":"two"}}]}""";
        Answer(PolicyVerb.Good, report);
        Assert.Equal(
            new KnResult(exit, $"{word}: b/client (10.0.1.3) to a/web (10.0.1.1), TCP port 80\n  egress: one\n  ingress: two\n", ""),
            await KnProcess.RunAsync(["policy", "explain", "b/client", "a/web:80", "--socket", SocketPath]));
        Assert.Equal((PolicyVerb.Explain, "b/client", "a/web:80"), (_asked!.Arguments[PolicyVerb.Action], _asked.Arguments[PolicyVerb.Source], _asked.Arguments[PolicyVerb.Destination]));
        Assert.Equal(new KnResult(exit, report + "\n", ""), await KnProcess.RunAsync(["policy", "explain", "b/client", "a/web:80", "-o", "json", "--socket", SocketPath]));
    }

    [Fact]
    public async Task QuestionThatCannotBeAnswered_IsNoDenial()
    {
        Answer(PolicyVerb.BadQuestion, "there is no pod a/none");
        Assert.Equal(new KnResult(2, "", "kn: there is no pod a/none\n"), await KnProcess.RunAsync(["policy", "explain", "a/none", "a/web:80", "--socket", SocketPath]));
        _handlers.SetOff(PolicyVerb.Name);
        Assert.Equal(new KnResult(2, "", "kn: the module policy is switched off in Kn's config\n"), await KnProcess.RunAsync(["policy", "explain", "a/none", "a/web:80", "--socket", SocketPath]));
        var away = Path.Combine(_directory, "none.sock");
        Assert.Equal(new KnResult(3, "", $"kn: no agent at {away}: is kn.service running?\n"), await KnProcess.RunAsync(["policy", "explain", "a/b", "a/c", "--socket", away]));
        Assert.Equal(new KnResult(3, "", $"kn: no agent at {away}: is kn.service running?\n"), await KnProcess.RunAsync(["policy", "drops", "--socket", away]));
    }

    [Theory]
    [InlineData("text", "12:00:01.500  ingress  b/client (fd00::3) -> a/web ([fd00::1]:80) TCP  isolated by a/deny, (defaultDeny)\n")]
    [InlineData("json", Drop + "\n")]
    public async Task Drops_ArePrintedAsTheyCome_UntilTheAgentEnds(string output, string expected)
    {
        Stream(Drop);
        var result = await KnProcess.RunAsync(["policy", "drops", "-n", "a", "--pod", "web", "-o", output, "--socket", SocketPath]);
        Assert.Equal((1, expected), (result.Exit, result.Output));
        Assert.EndsWith("kn: the module policy was stopped\n", result.Errors, StringComparison.Ordinal);
        Assert.Equal((PolicyVerb.Drops, "a", "web"), (_asked!.Arguments[PolicyVerb.Action], _asked.Arguments[PolicyVerb.Namespace], _asked.Arguments[PolicyVerb.Pod]));
    }

    [Fact]
    public async Task DropsThatAreNotLogged_AreAFailure()
    {
        Answer(PolicyVerb.Failed, "dropped packets are not logged: this kernel has no NFLOG");
        Assert.Equal(new KnResult(1, "", "kn: dropped packets are not logged: this kernel has no NFLOG\n"), await KnProcess.RunAsync(["policy", "drops", "--socket", SocketPath]));
    }

    [Fact]
    public async Task Interrupt_EndsDropsCleanly()
    {
        var ended = new TaskCompletionSource();
        _handlers.Set(PolicyVerb.Name, (_, _) => Task.FromResult(new ControlResponse(0, default) { Pieces = Endless(ended, CancellationToken.None) }));
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "kn"), ["policy", "drops", "--socket", SocketPath])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            using var limit = new CancellationTokenSource(Deadline);
            Assert.NotNull(await process.StandardOutput.ReadLineAsync(limit.Token));
            using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
            await process.WaitForExitAsync(limit.Token);
            Assert.Equal(0, process.ExitCode);
            await ended.Task.WaitAsync(Deadline);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    [Fact]
    public async Task ReaderOfThePipeThatGoes_EndsDrops()
    {
        var ended = new TaskCompletionSource();
        _handlers.Set(PolicyVerb.Name, (_, _) => Task.FromResult(new ControlResponse(0, default) { Pieces = Endless(ended, CancellationToken.None) }));
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", $"{Path.Combine(AppContext.BaseDirectory, "kn")} policy drops --socket {SocketPath} 2>/dev/null | head -1"]) { RedirectStandardOutput = true })!;
        using var limit = new CancellationTokenSource(Deadline);
        await shell.WaitForExitAsync(limit.Token);
        await ended.Task.WaitAsync(Deadline);
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Endless(TaskCompletionSource ended, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        try
        {
            yield return ReadOnlyMemory<byte>.Empty;
            while (true)
            {
                yield return Encoding.UTF8.GetBytes(Drop);
                await Task.Delay(20, cancellationToken);
            }
        }
        finally
        {
            ended.SetResult();
        }
    }

    private void Stream(params string[] pieces) => _handlers.Set(PolicyVerb.Name, (request, _) =>
    {
        _asked = request;
        return Task.FromResult(new ControlResponse(PolicyVerb.Failed, "the module policy was stopped"u8.ToArray()) { Pieces = Pieces(pieces) });
    });

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Pieces(string[] pieces)
    {
        yield return ReadOnlyMemory<byte>.Empty;
        foreach (var piece in pieces)
        {
            await Task.Yield();
            yield return Encoding.UTF8.GetBytes(piece);
        }
    }

    private void Answer(int exitCode, string body) => _handlers.Set(PolicyVerb.Name, (request, _) =>
    {
        _asked = request;
        return Task.FromResult(new ControlResponse(exitCode, Encoding.UTF8.GetBytes(body)));
    });
}
