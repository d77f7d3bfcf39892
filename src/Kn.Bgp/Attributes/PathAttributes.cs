using System.Text;
using Kn.Primitives;

namespace Kn.Bgp.Attributes;

/// <summary>What is said of a route, but for its prefix: immutable, equal by content, and shared by all prefixes that say the same.</summary>
/// <remarks>RFC 4271 §5 and the RFCs named at the members.</remarks>
public sealed record PathAttributes
{
    /// <summary>How the prefix came into BGP.</summary>
    public Origin Origin { get; init; }

    /// <summary>The way it came.</summary>
    public AsPath AsPath { get; init; }

    /// <summary>Where packets go; of the other family where RFC 8950 was agreed on. 0.0.0.0 of a route of this speaker: itself.</summary>
    public IpAddress NextHop { get; init; }

    /// <summary>The same router's fe80::/10 address, when it told one (RFC 2545 §3); 0.0.0.0 otherwise.</summary>
    public IpAddress LinkLocalNextHop { get; init; }

    /// <summary>MULTI_EXIT_DISC: among the links to one neighbour, the lowest is preferred.</summary>
    public uint? Med { get; init; }

    /// <summary>LOCAL_PREF: inside the AS, the highest is preferred.</summary>
    public uint? LocalPref { get; init; }

    /// <summary>The path may lack systems that the packets pass.</summary>
    public bool AtomicAggregate { get; init; }

    /// <summary>Who made one prefix of several.</summary>
    public Aggregator? Aggregator { get; init; }

    /// <summary>RFC 1997.</summary>
    public ValueList<Community> Communities { get; init; }

    /// <summary>RFC 4360.</summary>
    public ValueList<ExtendedCommunity> ExtendedCommunities { get; init; }

    /// <summary>RFC 8092.</summary>
    public ValueList<LargeCommunity> LargeCommunities { get; init; }

    /// <summary>The identifier of the speaker that brought it into the AS (RFC 4456 §8); 0 when nothing was reflected.</summary>
    public uint OriginatorId { get; init; }

    /// <summary>The clusters that reflected it, the last one first (RFC 4456 §8).</summary>
    public ValueList<uint> ClusterList { get; init; }

    /// <summary>What is passed on without being understood.</summary>
    public ValueList<UnknownAttribute> Unknown { get; init; }

    /// <summary>True with that community.</summary>
    public bool Has(Community community) => Communities.AsSpan().Contains(community);

    /// <summary>One line of what is there.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"via {NextHop} path [{AsPath}] origin {Origin}");
        Append(text, "med", Med);
        Append(text, "local-pref", LocalPref);
        Append(text, "aggregator", Aggregator);
        Append(text, Communities, "communities");
        Append(text, ExtendedCommunities, "extended");
        Append(text, LargeCommunities, "large");
        if (OriginatorId != 0)
        {
            text.Append($" originator {IpAddress.FromV4(OriginatorId)} clusters {string.Join(' ', ClusterList.Select(IpAddress.FromV4))}");
        }

        return text.ToString();
    }

    private static void Append<T>(StringBuilder text, string name, T? value)
        where T : struct
    {
        if (value is { } known)
        {
            text.Append($" {name} {known}");
        }
    }

    private static void Append<T>(StringBuilder text, ValueList<T> values, string name)
    {
        if (!values.IsEmpty)
        {
            text.Append($" {name} {string.Join(' ', (IEnumerable<T>)values)}");
        }
    }
}
