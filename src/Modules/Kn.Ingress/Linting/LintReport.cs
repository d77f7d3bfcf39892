using System.Text.Json.Serialization;

namespace Kn.Ingress.Linting;

/// <summary>What would change on moving from ingress-nginx: the answer of <c>kn ingress lint</c>.</summary>
public sealed record LintReport
{
    /// <summary>How many Ingresses were looked at.</summary>
    public int Ingresses { get; init; }

    /// <summary>What was found, object by object.</summary>
    public IReadOnlyList<LintFinding> Findings { get; init; } = [];
}

/// <summary>A difference.</summary>
/// <param name="Severity">How much it matters.</param>
/// <param name="Object">The object, as Ingress default/web.</param>
/// <param name="Source">The file and line, or the cluster.</param>
/// <param name="Subject">What of the object: an annotation, a path, a setting.</param>
/// <param name="Message">What is different, and what to do.</param>
public sealed record LintFinding(LintSeverity Severity, string Object, string Source, string Subject, string Message);

/// <summary>How much a difference matters.</summary>
public enum LintSeverity
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>Something is not done that was done.</summary>
    Warning,

    /// <summary>Requests are refused, or lose what guards or changes them.</summary>
    Error,
}

/// <summary>Writes reports without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LintReport))]
public sealed partial class LintReportJson : JsonSerializerContext;
