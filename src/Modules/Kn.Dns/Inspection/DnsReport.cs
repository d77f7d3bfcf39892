using System.Text.Json.Serialization;

namespace Kn.Dns.Inspection;

/// <summary>What the agent answered, and why: the answer to <c>kn dns query</c>.</summary>
public sealed record DnsReport
{
    /// <summary>The name asked for.</summary>
    public string Name { get; init; } = "";

    /// <summary>The type asked for.</summary>
    public string Type { get; init; } = "";

    /// <summary>Whom it was asked as.</summary>
    public string Client { get; init; } = "";

    /// <summary>The response's code; empty when there was no response.</summary>
    public string Rcode { get; init; } = "";

    /// <summary>What decided on the answer, in a sentence.</summary>
    public string Rule { get; init; } = "";

    /// <summary>What answered: client rules, rate limit, hosts, cluster, cache or upstream.</summary>
    public string Source { get; init; } = "";

    /// <summary>Flags of the response, as dig prints them.</summary>
    public string Flags { get; init; } = "";

    /// <summary>The answers.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>The section authority.</summary>
    public IReadOnlyList<string> Authorities { get; init; } = [];

    /// <summary>The section additional, without OPT.</summary>
    public IReadOnlyList<string> Additionals { get; init; } = [];
}

/// <summary>Reads and writes reports without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DnsReport))]
public sealed partial class DnsReportJson : JsonSerializerContext;
