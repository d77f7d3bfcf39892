using System.Text.Json.Serialization;

namespace Kn.Ingress.Inspection;

/// <summary>What requests are led by: the answer to <c>kn ingress list</c> and <c>kn ingress explain</c>.</summary>
public sealed record IngressReport
{
    /// <summary>How a URL's request is led, a sentence a step; empty for a list.</summary>
    public IReadOnlyList<string> Steps { get; init; } = [];

    /// <summary>The status that Kn itself answers with; 0 where the request goes to a backend.</summary>
    public int Status { get; init; }

    /// <summary>The routes: all, or the one that the URL's request takes.</summary>
    public IReadOnlyList<IngressRoute> Routes { get; init; } = [];
}

/// <summary>A route.</summary>
/// <param name="Host">The host; * for every host.</param>
/// <param name="Path">The path; empty for a default backend.</param>
/// <param name="Match">Exact, Prefix or Default.</param>
/// <param name="Backend">Service and port; empty for somewhere that Kn cannot go.</param>
/// <param name="Origin">The object that asks for it.</param>
/// <param name="Endpoints">Where requests are sent.</param>
public sealed record IngressRoute(string Host, string Path, string Match, string Backend, string Origin, IReadOnlyList<string> Endpoints);

/// <summary>Reads and writes reports without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IngressReport))]
public sealed partial class IngressReportJson : JsonSerializerContext;
