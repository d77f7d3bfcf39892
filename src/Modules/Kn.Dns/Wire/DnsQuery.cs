using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Dns.Wire;

/// <summary>A query, read in place: its spans are those of the message, and last as long as the buffer that it came in.</summary>
/// <remarks>Strict (RFC 9619: one question): no answers, no authorities but an IXFR's, at most one OPT, nothing after the last record.</remarks>
internal readonly ref struct DnsQuery
{
    private DnsQuery(ReadOnlySpan<byte> message, IpAddress client, DnsTransport transport, DnsHeader header)
    {
        Message = message;
        Client = client;
        Transport = transport;
        Header = header;
    }

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Message { get; }

    /// <summary>Its header.</summary>
    public DnsHeader Header { get; }

    /// <summary>Who asks.</summary>
    public IpAddress Client { get; }

    /// <summary>How it came.</summary>
    public DnsTransport Transport { get; }

    /// <summary>The name, in the case in which it was written; empty when the question could not be read.</summary>
    public ReadOnlySpan<byte> Name { get; private init; }

    /// <summary>The name's hash (<see cref="DnsName.Hash"/>); computed at each call.</summary>
    public ulong NameHash => DnsName.Hash(Name);

    /// <summary>The type asked for.</summary>
    public DnsType Type { get; private init; }

    /// <summary>The class asked for.</summary>
    public DnsClass Class { get; private init; }

    /// <summary>What the OPT record says.</summary>
    public Edns Edns { get; private init; }

    /// <summary>The client's number for the query.</summary>
    public ushort Id => Header.Id;

    /// <summary>The flags of the header.</summary>
    public DnsFlags Flags => Header.Flags;

    /// <summary>The question as it stands on the wire, behind the header: name, type, class.</summary>
    public ReadOnlySpan<byte> Question => Name.IsEmpty ? [] : Message.Slice(DnsHeader.Size, Name.Length + 4);

    /// <summary>How many bytes the client may be sent: by UDP what its OPT record says, within limits.</summary>
    public int ResponseLimit => Transport == DnsTransport.Tcp ? ushort.MaxValue : Edns.ResponseLimit;

    /// <summary>Reads a query.</summary>
    /// <param name="message">The datagram, or the message without its length.</param>
    /// <param name="client">Who sent it.</param>
    /// <param name="transport">How it came.</param>
    /// <param name="query">The query. What could not be read is empty; unless the fault is <see cref="QueryFault.NotAQuery"/>, the header
    /// is there, and an error can be written from it.</param>
    public static QueryFault Read(ReadOnlySpan<byte> message, IpAddress client, DnsTransport transport, out DnsQuery query)
    {
        if (message.Length < DnsHeader.Size)
        {
            query = default;
            return QueryFault.NotAQuery;
        }

        query = new DnsQuery(message, client, transport, DnsHeader.Read(message));
        if (query.Header.IsResponse)
        {
            return QueryFault.NotAQuery;
        }

        if (query.Header.Opcode != DnsHeader.QueryOpcode)
        {
            return QueryFault.UnknownOpcode;
        }

        var name = DnsName.Measure(message[DnsHeader.Size..]);
        var end = DnsHeader.Size + name + 4;
        if (query.Header.Questions != 1 || name == 0 || end > message.Length)
        {
            return QueryFault.Malformed;
        }

        query = new DnsQuery(message, client, transport, query.Header)
        {
            Name = message.Slice(DnsHeader.Size, name),
            Type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[(end - 4)..]),
            Class = (DnsClass)BinaryPrimitives.ReadUInt16BigEndian(message[(end - 2)..]),
        };
        return ReadRest(ref query, end);
    }

    /// <summary>A query that is to be asked in place of this one, as by the same client: the target of an alias, or a name of a search path.</summary>
    /// <param name="name">What is asked for.</param>
    /// <param name="buffer">Gets the message; as long as <see cref="SizeOf"/> says.</param>
    public DnsQuery Ask(ReadOnlySpan<byte> name, Span<byte> buffer)
    {
        var message = buffer[..SizeOf(name)];
        (Header with { Questions = 1, Answers = 0, Authorities = 0, Additionals = (ushort)(Edns.IsPresent ? 1 : 0) }).Write(message);
        name.CopyTo(message[DnsHeader.Size..]);
        var rest = message[(DnsHeader.Size + name.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)Type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], (ushort)Class);
        if (Edns.IsPresent)
        {
            OptRecord.Write(rest[4..], Edns.UdpSize, DnsRcode.NoError, Edns.DnssecOk);
        }

        return new DnsQuery(message, Client, Transport, DnsHeader.Read(message))
        {
            Name = message.Slice(DnsHeader.Size, name.Length),
            Type = Type,
            Class = Class,
            Edns = Edns,
        };
    }

    /// <summary>How long the message of <see cref="Ask"/> is.</summary>
    public int SizeOf(ReadOnlySpan<byte> name) => DnsHeader.Size + name.Length + 4 + (Edns.IsPresent ? Edns.RecordSize : 0);

    private static QueryFault ReadRest(ref DnsQuery query, int position)
    {
        var header = query.Header;
        if (header.Answers != 0 || (header.Authorities != 0 && query.Type != DnsType.Ixfr))
        {
            return QueryFault.Malformed;
        }

        var records = new MessageReader(query.Message, position);
        for (var index = 0; index < header.Authorities + header.Additionals; index++)
        {
            if (!records.TryReadRecord(out var record))
            {
                return QueryFault.Malformed;
            }

            if (record.Type != DnsType.Opt || index < header.Authorities)
            {
                continue;
            }

            if (query.Edns.IsPresent || query.Message[record.NameOffset] != 0 || !OptRecord.AreOptions(records.RdataOf(record)))
            {
                return QueryFault.Malformed;
            }

            query = query.With(Edns.Of((ushort)record.Class, record.Ttl));
        }

        return !records.IsAtEnd ? QueryFault.Malformed : query.Edns.Version != 0 ? QueryFault.UnknownVersion : QueryFault.None;
    }

    private DnsQuery With(Edns edns) => new(Message, Client, Transport, Header)
    {
        Name = Name,
        Type = Type,
        Class = Class,
        Edns = edns,
    };
}
