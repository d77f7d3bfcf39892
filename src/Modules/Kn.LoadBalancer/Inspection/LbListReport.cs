using System.Text.Json.Serialization;

namespace Kn.LoadBalancer.Inspection;

/// <summary>What <c>kn lb list</c> tells, as one node sees it.</summary>
public sealed record LbListReport
{
    /// <summary>The node that was asked.</summary>
    public required string Node { get; init; }

    /// <summary>The node that gives out addresses; empty when none is known.</summary>
    public required string Leader { get; init; }

    /// <summary>Addresses, in order.</summary>
    public required IReadOnlyList<LbAddressReport> Addresses { get; init; }

    /// <summary>Services that wait for an address.</summary>
    public required IReadOnlyList<LbWaitingReport> Waiting { get; init; }
}

/// <summary>One address.</summary>
public sealed record LbAddressReport
{
    /// <summary>The address.</summary>
    public required string Address { get; init; }

    /// <summary>Its pool.</summary>
    public required string Pool { get; init; }

    /// <summary>The Services that have it.</summary>
    public required IReadOnlyList<string> Services { get; init; }

    /// <summary>arp, bgp or both.</summary>
    public required string Announced { get; init; }

    /// <summary>The node that answers for it by ARP or NDP; empty for none.</summary>
    public required string Node { get; init; }

    /// <summary>The links it is announced on; known to that node alone.</summary>
    public string? Interface { get; init; }

    /// <summary>Why there.</summary>
    public required string Reason { get; init; }
}

/// <summary>A Service that waits.</summary>
/// <param name="Service">Namespace and name.</param>
/// <param name="Problem">What for.</param>
public sealed record LbWaitingReport(string Service, string Problem);

/// <summary>Reads and writes the reports without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(LbListReport))]
public sealed partial class LbReportJson : JsonSerializerContext;
