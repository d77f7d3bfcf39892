using System.Text.Json.Serialization;
using Kn.Policy.Drops;

namespace Kn.Policy.Inspection;

/// <summary>The answer to <c>kn policy explain</c>.</summary>
public sealed record PolicyExplainReport
{
    /// <summary>Whether all of the connections are allowed.</summary>
    public bool Allowed { get; init; }

    /// <summary>One for each pair of addresses that the ends have: families, and a Service's endpoints.</summary>
    public IReadOnlyList<PolicyVerdict> Connections { get; init; } = [];
}

/// <summary>Whether a connection is allowed: both ends must allow it.</summary>
public sealed record PolicyVerdict
{
    /// <summary>Whether it is allowed.</summary>
    public bool Allowed { get; init; }

    /// <summary>Who opens it.</summary>
    public PolicyDropEnd Source { get; init; } = new();

    /// <summary>Who is to receive it, after a Service's translation.</summary>
    public PolicyDropEnd Destination { get; init; } = new();

    /// <summary>TCP, UDP or SCTP; null for a packet without a port.</summary>
    public string? Protocol { get; init; }

    /// <summary>What holds for the pod that opens it.</summary>
    public PolicySide Egress { get; init; } = new();

    /// <summary>What holds for the pod that receives it.</summary>
    public PolicySide Ingress { get; init; } = new();
}

/// <summary>What holds at one end.</summary>
public sealed record PolicySide
{
    /// <summary>Whether this end allows it.</summary>
    public bool Allowed { get; init; }

    /// <summary>What decides: noPod, self, ownNode, notIsolated, rule or isolated.</summary>
    public string Cause { get; init; } = "";

    /// <summary>The end in a sentence.</summary>
    public string Words { get; init; } = "";

    /// <summary>Policies that isolate the pod, as NAMESPACE/NAME.</summary>
    public IReadOnlyList<string> IsolatedBy { get; init; } = [];

    /// <summary>Whether it is isolated whatever policies say: by the config's defaultDeny, or its namespace's annotation.</summary>
    public bool IsolatedByNamespace { get; init; }

    /// <summary>Rules that allow it.</summary>
    public IReadOnlyList<PolicyRuleReference> AllowedBy { get; init; } = [];
}

/// <summary>A rule of a policy.</summary>
public sealed record PolicyRuleReference
{
    /// <summary>The policy, as NAMESPACE/NAME.</summary>
    public string Policy { get; init; } = "";

    /// <summary>Its place among the policy's rules of the direction, from 1.</summary>
    public int Rule { get; init; }
}

/// <summary>Reads and writes answers without reflection.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PolicyExplainReport))]
[JsonSerializable(typeof(PolicyDrop))]
public sealed partial class PolicyReportJson : JsonSerializerContext;
