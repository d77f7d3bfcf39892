using System.Collections.Concurrent;

namespace Kn.Hosting.Control;

/// <summary>What may be asked over the control socket, by verb. The server looks verbs up here; modules and the host add theirs.</summary>
public sealed class ControlHandlers
{
    private readonly ConcurrentDictionary<string, Func<ControlRequest, CancellationToken, Task<ControlResponse>>> _handlers = new(StringComparer.Ordinal);

    /// <summary>Sets the handler of a verb such as "cni" or "status"; replaces an earlier one (a module that was restarted).</summary>
    public void Set(string verb, Func<ControlRequest, CancellationToken, Task<ControlResponse>> handleAsync) => _handlers[verb] = handleAsync;

    /// <summary>The handler of a verb, or null.</summary>
    public Func<ControlRequest, CancellationToken, Task<ControlResponse>>? Find(string verb) => _handlers.GetValueOrDefault(verb);
}

/// <summary>A question to the agent.</summary>
/// <param name="Verb">Which handler is meant.</param>
/// <param name="Arguments">Named values: for "cni" the CNI_* environment variables.</param>
/// <param name="Body">What came beside them: for "cni" the network configuration from stdin.</param>
public sealed record ControlRequest(string Verb, IReadOnlyDictionary<string, string> Arguments, ReadOnlyMemory<byte> Body);

/// <summary>The agent's answer.</summary>
/// <param name="ExitCode">0, or what the command exits with.</param>
/// <param name="Body">What it prints.</param>
public sealed record ControlResponse(int ExitCode, ReadOnlyMemory<byte> Body);
