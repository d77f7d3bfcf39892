namespace Kn.Dns.Wire;

/// <summary>What a query's OPT record says.</summary>
/// <param name="IsPresent">False when there was none: the client knows only the DNS of 1987.</param>
/// <param name="Version">0 is the only one that there is.</param>
/// <param name="UdpSize">The longest datagram that the client takes, as it said it.</param>
/// <param name="DnssecOk">DO: the client wants signatures.</param>
/// <remarks>RFC 6891 §6.1.2: the record's class is the size, its TTL the upper rcode, the version, and flags of which DO is the first.</remarks>
internal readonly record struct Edns(bool IsPresent, byte Version, ushort UdpSize, bool DnssecOk)
{
    /// <summary>The longest datagram of a client that said nothing (RFC 1035 §4.2.1).</summary>
    public const int PlainUdpSize = 512;

    /// <summary>The longest that we send and say that we take: what passes IPv6's smallest MTU whole, as DNS Flag Day 2020 has it.</summary>
    public const int OurUdpSize = 1232;

    /// <summary>Bytes of an OPT record without options.</summary>
    public const int RecordSize = 11;

    /// <summary>How much this client may be sent by UDP.</summary>
    public int ResponseLimit => IsPresent ? Math.Clamp((int)UdpSize, PlainUdpSize, OurUdpSize) : PlainUdpSize;

    /// <summary>Reads the fields of an OPT record that stand where others have class and TTL.</summary>
    public static Edns Of(ushort recordClass, uint ttl) => new(IsPresent: true, (byte)(ttl >> 16), recordClass, (ttl & 0x8000) != 0);
}
