using System.Text.Json.Serialization;

namespace Kn.Routes.Bgp.Inspection;

/// <summary>A peer, as <c>kn bgp neighbors</c> tells of it.</summary>
public sealed record BgpNeighborReport
{
    /// <summary>Its address.</summary>
    public required string Address { get; init; }

    /// <summary>Its AS.</summary>
    public required uint Asn { get; init; }

    /// <summary>The AS that it is told.</summary>
    public required uint LocalAsn { get; init; }

    /// <summary>What the operator, or the node that it is, is called.</summary>
    public required string Description { get; init; }

    /// <summary>idle, connect, active, openSent, openConfirm or established.</summary>
    public required string State { get; init; }

    /// <summary>How long it has been established, or away.</summary>
    public required double SinceSeconds { get; init; }

    /// <summary>How often it has been established.</summary>
    public required int Sessions { get; init; }

    /// <summary>How the last session, or try of one, ended; null when none did.</summary>
    public string? LastEnd { get; init; }

    /// <summary>Its identifier; null without a session.</summary>
    public string? RouterId { get; init; }

    /// <summary>This node's end of the session.</summary>
    public string? LocalAddress { get; init; }

    /// <summary>What was agreed on; 0: neither minds silence.</summary>
    public double? HoldTimeSeconds { get; init; }

    /// <summary>What is exchanged.</summary>
    public IReadOnlyList<string> Families { get; init; } = [];

    /// <summary>What both sides can do.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>Prefixes that it has told, IPv4 and IPv6.</summary>
    public required int Received { get; init; }

    /// <summary>Prefixes of these that were not left out by the import policy.</summary>
    public required int Accepted { get; init; }

    /// <summary>Prefixes that it was told.</summary>
    public required int Advertised { get; init; }

    /// <summary>Whether routes of it are kept while it is away (RFC 4724).</summary>
    public required bool Stale { get; init; }

    /// <summary>Messages that came.</summary>
    public required long MessagesIn { get; init; }

    /// <summary>Messages that went.</summary>
    public required long MessagesOut { get; init; }

    /// <summary>UPDATEs that were taken as withdrawals (RFC 7606).</summary>
    public required long FaultyUpdates { get; init; }

    /// <summary>How the path is by BFD: up, down, init or adminDown; null where it is not watched.</summary>
    public string? Bfd { get; init; }

    /// <summary>Whether the session is signed (RFC 2385).</summary>
    public required bool Md5 { get; init; }
}

/// <summary>A path to a prefix, as <c>kn bgp rib</c> tells of it.</summary>
public sealed record BgpPathReport
{
    /// <summary>The prefix.</summary>
    public required string Prefix { get; init; }

    /// <summary>Where packets go; this node itself has 0.0.0.0 or ::.</summary>
    public required string NextHop { get; init; }

    /// <summary>Who told it; null for this node.</summary>
    public string? Peer { get; init; }

    /// <summary>The AS path; empty for this AS.</summary>
    public required string AsPath { get; init; }

    /// <summary>igp, egp or incomplete.</summary>
    public required string Origin { get; init; }

    /// <summary>MULTI_EXIT_DISC.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF.</summary>
    public uint? LocalPreference { get; init; }

    /// <summary>Communities, large ones too.</summary>
    public IReadOnlyList<string> Communities { get; init; } = [];

    /// <summary>The one that others are told.</summary>
    public bool Best { get; init; }

    /// <summary>One of those that packets take.</summary>
    public bool InUse { get; init; }

    /// <summary>Left out by the import policy, or because it came in a loop.</summary>
    public bool Rejected { get; init; }

    /// <summary>Kept although its peer is away.</summary>
    public bool Stale { get; init; }
}

/// <summary>A learned route in the kernel, as <c>kn bgp routes</c> tells of it.</summary>
public sealed record BgpRouteReport
{
    /// <summary>The prefix.</summary>
    public required string Prefix { get; init; }

    /// <summary>installed, or why not.</summary>
    public required string State { get; init; }

    /// <summary>The next hops that the peers told.</summary>
    public IReadOnlyList<string> NextHops { get; init; } = [];

    /// <summary>The ways in the kernel.</summary>
    public IReadOnlyList<BgpWayReport> Ways { get; init; } = [];
}

/// <summary>One of a route's ways.</summary>
/// <param name="Gateway">Where to; null for the link itself.</param>
/// <param name="Link">By which link.</param>
public sealed record BgpWayReport(string? Gateway, string Link);

/// <summary>Reads and writes the reports without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<BgpNeighborReport>))]
[JsonSerializable(typeof(List<BgpPathReport>))]
[JsonSerializable(typeof(List<BgpRouteReport>))]
public sealed partial class BgpReportJson : JsonSerializerContext;
