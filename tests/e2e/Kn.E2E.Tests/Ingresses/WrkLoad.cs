using System.Text.RegularExpressions;
using Kn.Lab.Processes;

namespace Kn.E2E.Tests.Ingresses;

/// <summary>Requests by wrk, as fast as they are answered, until it is stopped; then all of them must have been answered well. It runs in rounds of some
/// seconds, because it tells at its end only.</summary>
internal sealed partial class WrkLoad : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _running = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _load;
    private long _requests;

    public WrkLoad(IngressLab lab, string host) => _load = RunAsync(lab, host);

    /// <summary>Done when requests are on their way.</summary>
    public Task WhenRunningAsync() => _running.Task;

    /// <summary>Lets it end; fails the test when a request failed.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _load;
        Assert.True(_requests > 100, $"only {_requests} requests were made");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _load.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(IngressLab lab, string host)
    {
        while (!_stop.IsCancellationRequested)
        {
            // Run to its end: what is killed tells nothing.
            var run = lab.Outsider.RunAsync(["wrk", "-t", "1", "-c", "8", "-d", "3s", "--timeout", "20s", "-H", $"Host: {host}", $"http://{lab.Node(1)}/hostname"]);
            _running.TrySetResult();
            Check(await run);
        }
    }

    private void Check(ProgramResult result)
    {
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.DoesNotContain("Non-2xx", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Socket errors", result.Output, StringComparison.Ordinal);
        _requests += long.Parse(Requests().Match(result.Output).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"(\d+) requests in ")]
    private static partial Regex Requests();
}
