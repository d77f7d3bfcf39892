namespace Kn.Bgp.Attributes;

/// <summary>Type codes of path attributes, IANA registry.</summary>
internal enum AttributeType : byte
{
    Origin = 1,
    AsPath = 2,
    NextHop = 3,
    Med = 4,
    LocalPref = 5,
    AtomicAggregate = 6,
    Aggregator = 7,
    Communities = 8,
    OriginatorId = 9,
    ClusterList = 10,
    MpReach = 14,
    MpUnreach = 15,
    ExtendedCommunities = 16,
    As4Path = 17,
    As4Aggregator = 18,
    LargeCommunities = 32,
}

/// <summary>The first byte of an attribute, RFC 4271 §4.3.</summary>
[Flags]
internal enum AttributeFlags : byte
{
    None = 0,
    WellKnown = 0x40,
    OptionalNonTransitive = 0x80,
    OptionalTransitive = 0xC0,
    Partial = 0x20,
    ExtendedLength = 0x10,
}
