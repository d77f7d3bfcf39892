using System.Buffers.Binary;
using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Caching;

/// <summary>Writes a kept answer as the answer to one client's query.</summary>
internal static class AnswerWriter
{
    /// <summary>What an answer that has ended is given with, whatever its TTL was (RFC 8767 §4).</summary>
    internal const uint StaleTtl = 30;

    private const int ExtendedErrorBytes = 6;
    private const int ExtendedErrorOption = 15;
    private const ushort KeptBits = 0x000F | (ushort)DnsFlags.AuthenticData;

    /// <summary>Writes it, with the client's id, flags, spelling of the name and EDNS, and what is left of its TTLs.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="query">The client's query; the same question.</param>
    /// <param name="response">As much as the client may be sent; of what is longer the first answers that fit
    /// are kept, and TC is set (RFC 2181 §9): most clients come back by TCP, and those that never do (musl before 1.2.4) have something.</param>
    /// <param name="now">In milliseconds.</param>
    /// <param name="error">Told to clients that know EDNS (RFC 8914).</param>
    /// <returns>Bytes written.</returns>
    public static int Write(CachedAnswer answer, in DnsQuery query, Span<byte> response, long now, ExtendedError error = ExtendedError.None)
    {
        var message = answer.Message;
        var option = query.Edns.IsPresent && error != ExtendedError.None ? ExtendedErrorBytes : 0;
        var opt = query.Edns.IsPresent ? Edns.RecordSize + option : 0;
        var cut = message.Length + opt > response.Length;
        var answers = 0;
        var length = cut ? LengthOfFirst(answer, DnsHeader.Size + query.Question.Length, response.Length - opt, out answers) : message.Length;
        message[..length].CopyTo(response);
        query.Name.CopyTo(response[DnsHeader.Size..]);
        WriteTtls(answer, response[..length], now);
        WriteHeader(response, query, cut);
        if (cut)
        {
            BinaryPrimitives.WriteUInt16BigEndian(response[6..], (ushort)answers);
        }

        if (opt > 0)
        {
            WriteOpt(response[length..], query, error, option);
        }

        return length + opt;
    }

    /// <summary>The end of the last whole record of the answer section that fits.</summary>
    private static int LengthOfFirst(CachedAnswer answer, int end, int limit, out int count)
    {
        var message = answer.Message;
        var offsets = answer.TtlOffsets;
        for (count = 0; count < DnsHeader.Read(message).Answers; count++)
        {
            // type(2) class(2) TTL(4) length(2) data
            var ttl = BinaryPrimitives.ReadUInt16BigEndian(offsets[(count * 2)..]);
            var next = ttl + 6 + BinaryPrimitives.ReadUInt16BigEndian(message[(ttl + 4)..]);
            if (next > limit)
            {
                break;
            }

            end = next;
        }

        return end;
    }

    private static void WriteHeader(Span<byte> response, in DnsQuery query, bool cut)
    {
        const DnsFlags TakenOver = DnsFlags.RecursionDesired | DnsFlags.CheckingDisabled;
        var kept = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(response[2..]) & KeptBits);
        if ((query.Flags & DnsFlags.AuthenticData) == 0 && !query.Edns.DnssecOk)
        {
            // RFC 6840 §5.8: only to those who ask for it.
            kept &= unchecked((ushort)~(ushort)DnsFlags.AuthenticData);
        }

        var bits = (ushort)(DnsFlags.Response | DnsFlags.RecursionAvailable | (query.Flags & TakenOver)) | kept;
        BinaryPrimitives.WriteUInt16BigEndian(response, query.Id);
        BinaryPrimitives.WriteUInt16BigEndian(response[2..], (ushort)(cut ? bits | (ushort)DnsFlags.Truncated : bits));
        if (cut)
        {
            response.Slice(6, 6).Clear();
        }

        if (query.Edns.IsPresent)
        {
            var additionals = response[10..];
            BinaryPrimitives.WriteUInt16BigEndian(additionals, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(additionals) + 1));
        }
    }

    private static void WriteTtls(CachedAnswer answer, Span<byte> response, long now)
    {
        var stale = now >= answer.EndsAt && answer.IsCacheable;
        var age = (uint)((now - answer.StoredAt) / 1000);
        for (var offsets = answer.TtlOffsets; offsets.Length >= 2; offsets = offsets[2..])
        {
            var offset = BinaryPrimitives.ReadUInt16BigEndian(offsets);
            if (offset >= response.Length)
            {
                break;
            }

            var field = response.Slice(offset, sizeof(uint));
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(field);
            BinaryPrimitives.WriteUInt32BigEndian(field, stale ? StaleTtl : ttl - Math.Min(ttl, age));
        }
    }

    private static void WriteOpt(Span<byte> destination, in DnsQuery query, ExtendedError error, int option)
    {
        OptRecord.Write(destination, Edns.OurUdpSize, DnsRcode.NoError, query.Edns.DnssecOk);
        if (option > 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination[(Edns.RecordSize - 2)..], ExtendedErrorBytes);
            BinaryPrimitives.WriteUInt16BigEndian(destination[Edns.RecordSize..], ExtendedErrorOption);
            BinaryPrimitives.WriteUInt16BigEndian(destination[(Edns.RecordSize + 2)..], sizeof(ushort));
            BinaryPrimitives.WriteUInt16BigEndian(destination[(Edns.RecordSize + 4)..], (ushort)error);
        }
    }
}

/// <summary>Why an answer is not what it could be (RFC 8914 §4).</summary>
internal enum ExtendedError : ushort
{
    /// <summary>Nothing to tell.</summary>
    None = ushort.MaxValue,

    /// <summary>Other: forwarding goes in a circle.</summary>
    Other = 0,

    /// <summary>Stale Answer.</summary>
    StaleAnswer = 3,

    /// <summary>Cached Error.</summary>
    CachedError = 13,

    /// <summary>Not Ready: nobody to ask yet, or too much to do.</summary>
    NotReady = 14,

    /// <summary>Stale NXDOMAIN Answer.</summary>
    StaleNameError = 19,

    /// <summary>No Reachable Authority: no upstream gave an answer.</summary>
    NoReachableAuthority = 22,
}
