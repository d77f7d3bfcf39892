using System.Buffers.Binary;

namespace Kn.Dns.Wire;

/// <summary>The pseudo-record of EDNS(0).</summary>
/// <remarks>RFC 6891 §6.1.2.
/// <code>
///  0  1  name: the root
///  1  2  type: 41
///  3  2  size of datagrams that the sender takes
///  5  1  upper eight bits of the rcode
///  6  1  version
///  7  2  DO(1) Z(15)
///  9  2  length of the options; each is a code(2), a length(2) and that many bytes
/// </code></remarks>
internal static class OptRecord
{
    private const ushort DnssecOkBit = 0x8000;

    /// <summary>Writes a record without options: <see cref="Edns.RecordSize"/> bytes.</summary>
    public static void Write(Span<byte> destination, ushort udpSize, DnsRcode rcode, bool dnssecOk)
    {
        destination[0] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(destination[1..], (ushort)DnsType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(destination[3..], udpSize);
        destination[5] = (byte)((ushort)rcode >> 4);
        destination[6] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(destination[7..], dnssecOk ? DnssecOkBit : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(destination[9..], 0);
    }

    /// <summary>True when the bytes are whole options, one after the other.</summary>
    public static bool AreOptions(ReadOnlySpan<byte> rdata)
    {
        while (!rdata.IsEmpty)
        {
            if (rdata.Length < 4)
            {
                return false;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(rdata[2..]) + 4;
            if (length > rdata.Length)
            {
                return false;
            }

            rdata = rdata[length..];
        }

        return true;
    }
}
