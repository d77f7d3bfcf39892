using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Caching;

/// <summary>Which bytes of a message are types, classes, TTLs and lengths of records. A name that leads through them by a pointer is no name: TTLs are
/// written anew for each client, and it would become another.</summary>
/// <param name="bits">Zeroes, at least <see cref="Size"/>.</param>
internal readonly ref struct FixedFields(Span<byte> bits)
{
    /// <summary>A bit for each offset that a pointer can lead to, and for a label behind the last.</summary>
    public const int Size = (MaxPointer + DnsName.MaxLabel + 8) / 8;

    private const int MaxPointer = 0x3FFF;
    private const int FixedBytes = 10;

    private readonly Span<byte> _bits = bits;

    /// <summary>Notes a record's.</summary>
    public void Add(in RecordView record)
    {
        for (var offset = record.RdataOffset - FixedBytes; offset < record.RdataOffset && offset / 8 < _bits.Length; offset++)
        {
            _bits[offset / 8] |= (byte)(1 << (offset % 8));
        }
    }

    /// <summary>True when the name at an offset, which can be read, has no byte in them.</summary>
    public bool AreAvoidedBy(ReadOnlySpan<byte> message, int offset)
    {
        while (message[offset] != 0)
        {
            if (message[offset] > DnsName.MaxLabel)
            {
                if (Contains(offset) || Contains(offset + 1))
                {
                    return false;
                }

                offset = ((message[offset] << 8) | message[offset + 1]) & MaxPointer;
                continue;
            }

            var end = offset + message[offset] + 1;
            for (; offset < end; offset++)
            {
                if (Contains(offset))
                {
                    return false;
                }
            }
        }

        return !Contains(offset);
    }

    private bool Contains(int offset) => offset / 8 < _bits.Length && (_bits[offset / 8] & (1 << (offset % 8))) != 0;
}
