using System.Text.Json.Serialization;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Options;

/// <summary>A router to speak with, an entry of <c>routes.bgp.peers</c>. What is left out has its default.</summary>
public sealed record BgpNeighborOptions
{
    /// <summary>Its address; required.</summary>
    public IpAddress? Address { get; init; }

    /// <summary>Its AS; required. The nodes' own makes it an internal peer.</summary>
    public uint Asn { get; init; }

    /// <summary>What the operator calls it.</summary>
    public string? Description { get; init; }

    /// <summary>Its port. Default 179.</summary>
    public ushort? Port { get; init; }

    /// <summary>The AS that it is told, in place of the node's. Default the node's.</summary>
    public uint? LocalAsn { get; init; }

    /// <summary>The node's address for this session. Default what the node's routes say.</summary>
    public IpAddress? LocalAddress { get; init; }

    /// <summary>A file with the TCP MD5 key (RFC 2385), of 1 to 80 bytes; a line feed at its end does not count. Default none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>How many hops away it may be. Default 1, the same segment.</summary>
    public byte? Hops { get; init; }

    /// <summary>Take nothing that came over more hops than that (GTSM, RFC 5082); both sides need it. Default false.</summary>
    public bool TtlSecurity { get; init; }

    /// <summary>How long it may be silent. Default 90 s (RFC 4271 §10).</summary>
    public TimeSpan? HoldTime { get; init; }

    /// <summary>Wait for it to connect. Default false.</summary>
    public bool Passive { get; init; }

    /// <summary>Watch the path to it by BFD; it must be on the same segment. Default false.</summary>
    public bool Bfd { get; init; }

    /// <summary>What is exchanged. Default both.</summary>
    public BgpFamilies Families { get; init; }

    /// <summary>The nodes that speak with it, such as <c>rack=7,!edge</c>. Default all.</summary>
    public string? NodeSelector { get; init; }

    /// <summary>Reflect routes for it (RFC 4456). Default false.</summary>
    public bool RouteReflectorClient { get; init; }

    /// <summary>Prefixes of a family that it may tell. Default <c>routes.bgp.maxRoutesPerPeer</c>.</summary>
    public uint? MaxRoutes { get; init; }

    /// <summary>Communities on what it is told. Default none.</summary>
    public ValueList<string> Communities { get; init; }

    /// <summary>LOCAL_PREF: of what is taken from a peer of another AS, of what an internal one is told. Default none, which counts as 100.</summary>
    public uint? LocalPreference { get; init; }

    /// <summary>MED of what it is told. Default none.</summary>
    public uint? Med { get; init; }

    /// <summary>How often the node's AS is put in front of what it is told, beyond once. Default 0.</summary>
    public byte Prepend { get; init; }

    /// <summary>What is taken of it: the first rule that fits decides, and what none fits is left out. Default nothing of a peer of another AS (RFC
    /// 8212), all but default routes of an internal one.</summary>
    [JsonConverter(typeof(ValueListConverter<BgpFilterOptions>))]
    public ValueList<BgpFilterOptions> Import { get; init; }

    /// <summary>Which of this node's prefixes it is told: the first rule that fits decides, and what none fits is left out. Default all.</summary>
    [JsonConverter(typeof(ValueListConverter<BgpFilterOptions>))]
    public ValueList<BgpFilterOptions> Export { get; init; }

    internal void Validate(OptionErrors errors, string prefix, BgpOptions bgp)
    {
        errors.Require(Address is { IsAny: false, IsLoopback: false }, prefix + nameof(Address), "must be the router's address");
        errors.Require(Address is not { IsLinkLocal: true }, prefix + nameof(Address), "must not be a link-local address: which link it is on is not said");
        errors.Require(Asn > 0, prefix + nameof(Asn), "must be the router's AS, from 1 to 4294967295");
        errors.Require(Port != 0, prefix + nameof(Port), "must be from 1 to 65535");
        errors.Require(LocalAddress is null || LocalAddress.Value.Family == Address?.Family, prefix + nameof(LocalAddress), "must be of the same family as the peer's address");
        errors.Require(string.IsNullOrEmpty(PasswordFile) || Path.IsPathFullyQualified(PasswordFile), prefix + nameof(PasswordFile), $"'{PasswordFile}' must be an absolute path");
        errors.Require(Hops != 0, prefix + nameof(Hops), "must be from 1 to 255");
        errors.Require(!Bfd || Hops is null or 1, prefix + nameof(Bfd), "works on one segment only (RFC 5881), not over several hops");
        errors.Require(HoldTime is null || HoldTime == TimeSpan.Zero || HoldTime >= TimeSpan.FromSeconds(3), prefix + nameof(HoldTime), "must be 0s or at least 3s (RFC 4271 §4.2)");
        errors.Require(NodeSelector is null || Planning.NodeSelector.TryParse(NodeSelector, out _), prefix + nameof(NodeSelector), $"'{NodeSelector}' is no selector such as rack=7,!edge");
        errors.Require(Prepend <= 16, prefix + nameof(Prepend), "must be at most 16");
        errors.Require(bgp.Peers.Count(other => other.Address == Address) == 1, prefix + nameof(Address), "is there twice: a node has one session with an address");
        CommunityOptions.Validate(errors, Communities, prefix + nameof(Communities));
        BgpFilterOptions.Validate(errors, Import, prefix + nameof(Import));
        BgpFilterOptions.Validate(errors, Export, prefix + nameof(Export));
    }
}

/// <summary>Which families.</summary>
public enum BgpFamilies
{
    /// <summary>Both.</summary>
    Both,

    /// <summary>IPv4.</summary>
    Ipv4,

    /// <summary>IPv6.</summary>
    Ipv6,
}
