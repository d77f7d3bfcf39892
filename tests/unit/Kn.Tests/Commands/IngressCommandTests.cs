using System.Text;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Kn.Ingress.Inspection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Tests.Commands;

#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class IngressCommandTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-ingress-command-").FullName;
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
    public async Task List_ShowsRoutes()
    {
        Answer(IngressVerb.Good, """{"steps":[],"status":0,"routes":[{"host":"a.org","path":"/","match":"Prefix","backend":"ns/web:80","origin":"Ingress ns/web","endpoints":["10.0.0.1:8080"]},{"host":"*","path":"","match":"Default","backend":"","origin":"Ingress ns/all","endpoints":[]}]}""");
        Assert.Equal(
            new KnResult(0, "HOST   PATH  MATCH    BACKEND    ENDPOINTS      FROM\na.org  /     Prefix   ns/web:80  10.0.0.1:8080  Ingress ns/web\n*            Default             none           Ingress ns/all\n", ""),
            await KnProcess.RunAsync(["ingress", "list", "--socket", SocketPath]));
        Assert.Equal("", _asked!.Arguments[IngressVerb.Url]);
    }

    [Fact]
    public async Task Explain_ExitsWith1_WhereKnItselfAnswers()
    {
        Answer(IngressVerb.Good, """{"steps":["one","two"],"status":404,"routes":[]}""");
        Assert.Equal(new KnResult(1, "one\ntwo\nso the answer is 404\n", ""), await KnProcess.RunAsync(["ingress", "explain", "http://a.org/", "--socket", SocketPath]));
        Assert.Equal("http://a.org/", _asked!.Arguments[IngressVerb.Url]);
    }

    [Fact]
    public async Task WhatIsNoUrl_IsAFailure()
    {
        Answer(IngressVerb.Failed, "'x y' is no URL");
        Assert.Equal(new KnResult(1, "", "kn: 'x y' is no URL\n"), await KnProcess.RunAsync(["ingress", "explain", "x y", "--socket", SocketPath]));
    }

    private void Answer(int exitCode, string body) => _handlers.Set(IngressVerb.Name, (request, _) =>
    {
        _asked = request;
        return Task.FromResult(new ControlResponse(exitCode, Encoding.UTF8.GetBytes(body)));
    });
}
