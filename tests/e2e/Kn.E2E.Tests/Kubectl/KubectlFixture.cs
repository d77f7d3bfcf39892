using System.Diagnostics;
using Kn.Lab.Api;
using Kn.Lab.ApiServer;
using Kn.Lab.Controllers;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.E2E.Tests.Kubectl;

/// <summary>The lab's API server with its controllers and one ready node, and a stock kubectl in front of it.</summary>
#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync, which disposes
public sealed class KubectlFixture : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-kubectl-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private LabApiServer? _server;
    private ApiClient? _client;
    private Task _controllers = Task.CompletedTask;

    public ApiClient Client => _client!;

    public async Task InitializeAsync()
    {
        _server = await LabApiServer.StartAsync(new LabApiServerOptions { DataDirectory = _directory, WatchHistory = 200, BookmarkInterval = TimeSpan.FromMilliseconds(200) }, default);
        _client = ApiClient.FromKubeconfig(_server.Kubeconfig);
        _controllers = LabControllers.RunAllAsync(_client, [IpPrefix.Parse("10.244.0.0/16"), IpPrefix.Parse("fd00:10:244::/56")], NullLogger.Instance, _stop.Token);
        await RunAsync("apply -f -", "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n");
        await RunAsync("""patch node n1 --subresource=status -p {"status":{"conditions":[{"type":"Ready","status":"True"}]}}""");
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _controllers.ContinueWith(static _ => { }, TaskScheduler.Default);
        _client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Runs kubectl with words split at blanks; fails the test unless it succeeds.</summary>
    public async Task<string> RunAsync(string arguments, string input = "")
    {
        var (code, output, errors) = await TryAsync(arguments, input);
        Assert.True(code == 0, $"kubectl {arguments}: exit {code}\n{output}\n{errors}");
        return output;
    }

    /// <summary>Runs kubectl, whatever comes of it.</summary>
    public async Task<(int Code, string Output, string Errors)> TryAsync(string arguments, string input = "")
    {
        var start = new ProcessStartInfo("kubectl") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            start.ArgumentList.Add(word);
        }

        start.Environment["KUBECONFIG"] = _server!.Kubeconfig;
        start.Environment["HOME"] = _directory;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        return (process.HasExited ? process.ExitCode : -1, await output, await errors);
    }

    /// <summary>Runs kubectl until its output has a text; a minute, then the test fails with the last output.</summary>
    public async Task<string> UntilAsync(string arguments, string wanted)
    {
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            var (_, output, errors) = await TryAsync(arguments);
            if (output.Contains(wanted, StringComparison.Ordinal))
            {
                return output;
            }

            Assert.True(deadline.Elapsed < TimeSpan.FromMinutes(1), $"kubectl {arguments} never said '{wanted}':\n{output}\n{errors}");
            await Task.Delay(50);
        }
    }
}
