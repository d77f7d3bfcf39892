using System.Text;

namespace Kn.Hosting.Control;

/// <summary>What may be asked over the control socket, by verb. The server looks verbs up here; modules and the host add theirs.</summary>
/// <remarks>A module's verb is its name, so the host knows which verbs are going to be handled and which never. Thread-safe.</remarks>
public sealed class ControlHandlers
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Func<ControlRequest, CancellationToken, Task<ControlResponse>>> _handlers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TaskCompletionSource> _awaited = new(StringComparer.Ordinal);

    /// <summary>Sets the handler of a verb such as "cni" or "status"; replaces an earlier one (a module that was restarted).</summary>
    public void Set(string verb, Func<ControlRequest, CancellationToken, Task<ControlResponse>> handleAsync)
    {
        TaskCompletionSource? awaited;
        lock (_lock)
        {
            _handlers[verb] = handleAsync;
            _awaited.Remove(verb, out awaited);
        }

        awaited?.SetResult();
    }

    /// <summary>The handler of a verb, or null.</summary>
    public Func<ControlRequest, CancellationToken, Task<ControlResponse>>? Find(string verb)
    {
        lock (_lock)
        {
            return _handlers.GetValueOrDefault(verb);
        }
    }

    /// <summary>Says that a handler of this verb is on its way: requests that come earlier wait a while for it.</summary>
    public void Expect(string verb)
    {
        lock (_lock)
        {
            if (!_handlers.ContainsKey(verb) && !_awaited.ContainsKey(verb))
            {
                _awaited.Add(verb, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }
        }
    }

    /// <summary>Says that the verb's module is off and has nothing on the node.</summary>
    public void SetOff(string verb) => Set(verb, (_, _) =>
        Task.FromResult(new ControlResponse(ControlProtocol.ModuleOff, Encoding.UTF8.GetBytes($"the module {verb} is switched off in Kn's config"))));

    /// <summary>Done when the verb has a handler, or when none is expected.</summary>
    internal Task WhenSettled(string verb)
    {
        lock (_lock)
        {
            return _awaited.GetValueOrDefault(verb)?.Task ?? Task.CompletedTask;
        }
    }
}

/// <summary>A question to the agent.</summary>
/// <param name="Verb">Which handler is meant.</param>
/// <param name="Arguments">Named values: for "cni" the CNI_* environment variables.</param>
/// <param name="Body">What came beside them: for "cni" the network configuration from stdin.</param>
public sealed record ControlRequest(string Verb, IReadOnlyDictionary<string, string> Arguments, ReadOnlyMemory<byte> Body);

/// <summary>The agent's answer.</summary>
/// <param name="ExitCode">0, or what the command exits with.</param>
/// <param name="Body">What it prints.</param>
public sealed record ControlResponse(int ExitCode, ReadOnlyMemory<byte> Body)
{
    /// <summary>What is sent before the answer itself, a piece each as it comes, for as long as the asker listens; null for an answer at once. It is
    /// enumerated once, whatever happens to the asker, and its token is cancelled when that one hangs up or the agent ends.</summary>
    public IAsyncEnumerable<ReadOnlyMemory<byte>>? Pieces { get; init; }
}
