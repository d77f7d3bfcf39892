namespace Kn.Dns.Wire;

/// <summary>Where a record and its parts stand in a message.</summary>
/// <param name="NameOffset">Of its owner's name, which may be compressed.</param>
/// <param name="Type">Its type.</param>
/// <param name="Class">Its class; an OPT record's is a size.</param>
/// <param name="Ttl">Seconds; RFC 2181 §8 wants values with the highest bit taken for 0, which is the caller's business.</param>
/// <param name="RdataOffset">Of what it says.</param>
/// <param name="RdataLength">Bytes of it; within the message.</param>
/// <remarks>RFC 1035 §4.1.3.</remarks>
internal readonly record struct RecordView(int NameOffset, DnsType Type, DnsClass Class, uint Ttl, int RdataOffset, int RdataLength)
{
    /// <summary>The first byte after the record.</summary>
    public int End => RdataOffset + RdataLength;
}
