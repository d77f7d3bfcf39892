using Kn.Dns.Wire;

namespace Kn.Dns.Zone;

/// <summary>What the zone made of a query.</summary>
/// <param name="Length">Bytes of the response; 0 when the zone has nothing to do with the name.</param>
/// <param name="Rcode">How it fared.</param>
/// <param name="Rule">What decided.</param>
internal readonly record struct ZoneAnswer(int Length, DnsRcode Rcode, AnswerRule Rule)
{
    /// <summary>The alias that leads out of the zone: the response says so, and what is there remains to be asked for. Null when nothing
    /// remains.</summary>
    public AliasPiece? Remaining { get; init; }
}
