using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kn.Hosting.Agent;

/// <summary>The answer to <c>kn status</c>; also its JSON form, which is stable.</summary>
public sealed record AgentStatus
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>Kn's version.</summary>
    public required string Version { get; init; }

    /// <summary>The agent's process id.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Seconds since the agent's process started.</summary>
    public required double UptimeSeconds { get; init; }

    /// <summary>Seconds from the start of the process until everything was in the kernel; null before.</summary>
    public double? StartSeconds { get; init; }

    /// <summary>Whether /readyz says yes.</summary>
    public required bool Ready { get; init; }

    /// <summary>The API server and the cache.</summary>
    public required CacheStatus Cache { get; init; }

    /// <summary>Every known module, in start order.</summary>
    public required IReadOnlyList<ModuleReport> Modules { get; init; }
}

/// <summary>The cache in <c>kn status</c>.</summary>
/// <param name="Server">URL of the API server; empty when the kubeconfig could not be used.</param>
/// <param name="Origin">none, snapshot (of an earlier run; the API server is away) or api.</param>
/// <param name="Problem">Why the cache is not up to date; null while it is.</param>
/// <param name="Kinds">What is watched.</param>
public sealed record CacheStatus(string Server, string Origin, string? Problem, IReadOnlyList<KindReport> Kinds);

/// <summary>A watched kind.</summary>
/// <param name="Kind">The resource's plural name.</param>
/// <param name="Objects">How many are held.</param>
/// <param name="Origin">none, snapshot or api.</param>
/// <param name="Problem">Why it is not up to date; null while it is.</param>
public sealed record KindReport(string Kind, int Objects, string Origin, string? Problem);

/// <summary>A module.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">disabled, starting, running, failed or stopped.</param>
/// <param name="Ready">Whether everything that it keeps was in place once.</param>
/// <param name="Restarts">How often it failed.</param>
/// <param name="LastError">Why it failed last.</param>
/// <param name="Facts">What it says of itself.</param>
/// <param name="Parts">What it keeps in place.</param>
public sealed record ModuleReport(
    string Name,
    string State,
    bool Ready,
    int Restarts,
    string? LastError,
    IReadOnlyDictionary<string, string> Facts,
    IReadOnlyList<PartReport> Parts);

/// <summary>A part of a module.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Ready">Whether it was in place once.</param>
/// <param name="Count">How much is in place.</param>
/// <param name="Error">What fails now.</param>
/// <param name="Problems">What objects ask for and is not done.</param>
public sealed record PartReport(string Name, bool Ready, int Count, string? Error, IReadOnlyList<ProblemReport> Problems);

/// <summary>Something that an object asks for and that is not done.</summary>
/// <param name="Kind">Kind of the object.</param>
/// <param name="Object">namespace/name.</param>
/// <param name="Message">What is not done, and why.</param>
public sealed record ProblemReport(string Kind, string Object, string Message);

/// <summary>The JSON of <c>kn status</c>.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(AgentStatus))]
public sealed partial class AgentStatusJson : JsonSerializerContext
{
    /// <summary>Escapes only what JSON must: it is printed for people and jq, not into a web page.</summary>
    internal static AgentStatusJson Readable { get; } = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
    });
}
