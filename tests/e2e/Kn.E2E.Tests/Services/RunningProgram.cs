using Kn.Lab.Processes;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Services;

/// <summary>A program in a network namespace, ended by Dispose.</summary>
internal sealed class RunningProgram : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>Starts it.</summary>
    public RunningProgram(NetworkNamespace inside, IReadOnlyList<string> command) =>
        _running = ProgramStart.RunAsync(inside, command, null, "", _stop.Token);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_running.IsCompleted)
        {
            return;
        }

        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }
}
