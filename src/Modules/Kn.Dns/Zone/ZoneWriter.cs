using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Writes the records of what was found. Allocates nothing.</summary>
/// <remarks>Methods that begin with Try say false when an answer did not fit; what is only useful may be left out silently.</remarks>
internal sealed class ZoneWriter(ZoneSettings settings, ZoneRecords records, ClusterDnsAddresses servers)
{
    private const int SoaNumbers = 20;

    /// <summary>TXT: one string, as long as its first byte says.</summary>
    private static ReadOnlySpan<byte> Version => "\u00051.1.0"u8;

    /// <summary>What is said to those who ask for everything: CPU "RFC8482", OS "" (RFC 8482 §4.2).</summary>
    private static ReadOnlySpan<byte> AnythingElse => "\u0007RFC8482\0"u8;

    /// <summary>Writes the answers of that type; none when what was found has none.</summary>
    public bool TryWrite(ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, DnsType type, scoped Finding finding, ref uint random)
    {
        if (type == DnsType.Any)
        {
            return writer.TryWrite(DnsSection.Answer, owner, DnsType.Hinfo, settings.Ttl, AnythingElse);
        }

        switch (finding.Rule)
        {
            case AnswerRule.Service when type is DnsType.A or DnsType.Aaaa:
                return TryWriteService(ref writer, owner, type, (ServicePiece)finding.Piece!);
            case AnswerRule.Headless when type is DnsType.A or DnsType.Aaaa:
                return TryWriteEndpoints(ref writer, owner, type, (HeadlessPiece)finding.Piece!, ref random);
            case AnswerRule.Endpoint when type is DnsType.A or DnsType.Aaaa:
                return TryWriteEndpoint(ref writer, DnsSection.Answer, owner, type, (HeadlessPiece)finding.Piece!, new EndpointLabel(finding.Label));
            case AnswerRule.Service or AnswerRule.Headless or AnswerRule.Port when type == DnsType.Srv:
                return new SrvWriter(settings, this).TryWrite(ref writer, owner, finding, ref random);
            case AnswerRule.Alias when type == DnsType.Cname:
                return writer.TryWriteName(DnsSection.Answer, owner, DnsType.Cname, settings.Ttl, ((AliasPiece)finding.Piece!).Target.AsSpan());
            case AnswerRule.PodAddress:
                return TryWriteAddresses(ref writer, DnsSection.Answer, owner, type, [finding.Address]);
            case AnswerRule.NameServer:
                return TryWriteAddresses(ref writer, DnsSection.Answer, owner, type, servers.All);
            case AnswerRule.Version when type == DnsType.Txt:
                return writer.TryWrite(DnsSection.Answer, owner, DnsType.Txt, settings.Ttl, Version);
            case AnswerRule.Apex:
                return TryWriteApex(ref writer, owner, type);
            default:
                return true;
        }
    }

    /// <summary>Writes addresses of the type's family; none for other types.</summary>
    public bool TryWriteAddresses(ref ResponseWriter writer, DnsSection section, scoped ReadOnlySpan<byte> owner, DnsType type, scoped ReadOnlySpan<IpAddress> addresses)
    {
        foreach (ref readonly var address in addresses)
        {
            if (TypeOf(address) == type && !TryWriteAddress(ref writer, section, owner, address))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes the addresses that a name below a headless Service leads to.</summary>
    public bool TryWriteEndpoint(ref ResponseWriter writer, DnsSection section, scoped ReadOnlySpan<byte> owner, DnsType type, HeadlessPiece headless, scoped EndpointLabel label)
    {
        var endpoints = headless.Endpoints.AsSpan();
        for (var index = 0; index < endpoints.Length; index++)
        {
            ref readonly var endpoint = ref endpoints[index];
            var isAgain = index > 0 && endpoints[index - 1].Address == endpoint.Address && endpoints[index - 1].Hostname == endpoint.Hostname;
            if (!isAgain && TypeOf(endpoint.Address) == type && label.Names(endpoint) && !TryWriteAddress(ref writer, section, owner, endpoint.Address))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes the names of an address: one a headless Service, or that of the Service whose ClusterIP it is (specification §2.3.3, §2.4.3).</summary>
    public bool TryWritePointers(ref ResponseWriter writer, DnsType type, IpAddress address)
    {
        if (type == DnsType.Any)
        {
            return writer.TryWriteAnswer(DnsType.Hinfo, settings.Ttl, AnythingElse);
        }

        if (type != DnsType.Ptr)
        {
            return true;
        }

        Span<byte> name = stackalloc byte[DnsName.MaxLength + DashedAddress.MaxLength + 1];
        var cursor = records.Find(address);
        while (cursor.Next() is { } piece)
        {
            var length = !ZoneFinder.Has(piece, address) ? 0
                : piece is HeadlessPiece headless ? EndpointName(headless.Endpoints[ZoneFinder.FirstOf(headless, address)], headless, name)
                : ServiceName(piece, name);
            if (length > 0 && !writer.TryWriteName(DnsSection.Answer, writer.QuestionName, DnsType.Ptr, settings.Ttl, name[..length]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes the zone's SOA beside an answer that says no; left out when there is no room.</summary>
    /// <remarks>Half of what pods ask for gets this record (ndots:5, and AAAA where there is IPv4 only), and the question always ends in the
    /// apex: all names in it are pointers, known beforehand.</remarks>
    public void WriteNegativeSoa(ref ResponseWriter writer)
    {
        Span<byte> record = stackalloc byte[settings.NegativeSoa.Length];
        settings.NegativeSoa.CopyTo(record);
        ZoneSettings.Complete(record, (ushort)(DnsHeader.Size + writer.QuestionName.Length - settings.Apex.Length), records.Serial);
        writer.TryWritePrepared(DnsSection.Authority, record);
    }

    /// <summary>Writes the SOA of a zone for reverse names beside an answer that says no.</summary>
    public void WriteReverseSoa(ref ResponseWriter writer, scoped ReadOnlySpan<byte> apex) =>
        TryWriteSoa(ref writer, DnsSection.Authority, apex, settings.NegativeTtl);

    /// <summary>Writes the whole name of a Service, and returns its length; 0 when it is too long to be one.</summary>
    public int ServiceName(ZonePiece piece, Span<byte> destination)
    {
        var labels = piece.Labels.AsSpan();
        var length = labels.Length + settings.ServiceEnd.Length;
        if (length > DnsName.MaxLength)
        {
            return 0;
        }

        labels.CopyTo(destination);
        settings.ServiceEnd.CopyTo(destination[labels.Length..]);
        return length;
    }

    /// <summary>Writes the whole name of an endpoint, and returns its length; 0 when it is too long to be one.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="headless">Its Service.</param>
    /// <param name="destination">Room for a name and a label.</param>
    public int EndpointName(in EndpointRecord endpoint, HeadlessPiece headless, Span<byte> destination)
    {
        var label = EndpointLabel.Write(endpoint, destination[1..]);
        destination[0] = (byte)label;
        var service = ServiceName(headless, destination[(label + 1)..]);
        return service == 0 || service + label + 1 > DnsName.MaxLength ? 0 : service + label + 1;
    }

    /// <summary>A or AAAA.</summary>
    public static DnsType TypeOf(in IpAddress address) => address.Family == IpFamily.V4 ? DnsType.A : DnsType.Aaaa;

    /// <summary>The caller's next random number: xorshift of 32 bits, for order only.</summary>
    public static uint Next(ref uint random)
    {
        random ^= random << 13;
        random ^= random >> 17;
        return random ^= random << 5;
    }

    private bool TryWriteApex(ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, DnsType type)
    {
        if (type == DnsType.Soa)
        {
            return TryWriteSoa(ref writer, DnsSection.Answer, owner, settings.Ttl);
        }

        if (type != DnsType.Ns)
        {
            return true;
        }

        if (!writer.TryWriteName(DnsSection.Answer, owner, DnsType.Ns, settings.Ttl, settings.NameServer))
        {
            return false;
        }

        foreach (ref readonly var address in servers.All)
        {
            TryWriteAddress(ref writer, DnsSection.Additional, settings.NameServer, address);
        }

        return true;
    }

    /// <summary>Writes a Service's addresses of a family; of those that have one, from the piece itself.</summary>
    private bool TryWriteService(ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, DnsType type, ServicePiece service)
    {
        var family = type == DnsType.A ? IpFamily.V4 : IpFamily.V6;
        if (!service.Has(family))
        {
            return true;
        }

        return family == IpFamily.V4 && service.OnlyV4 is { } only
            ? TryWriteAddress(ref writer, DnsSection.Answer, owner, IpAddress.FromV4(only))
            : TryWriteAddresses(ref writer, DnsSection.Answer, owner, type, service.Addresses.AsSpan());
    }

    /// <summary>Writes a headless Service's addresses of a family, each once, beginning anywhere: clients mostly take the first.</summary>
    private bool TryWriteEndpoints(ref ResponseWriter writer, scoped ReadOnlySpan<byte> owner, DnsType type, HeadlessPiece headless, ref uint random)
    {
        var all = headless.Endpoints.AsSpan();
        var endpoints = type == DnsType.A ? all[..headless.V4Count] : all[headless.V4Count..];
        if (endpoints.IsEmpty)
        {
            return true;
        }

        var index = (int)(Next(ref random) % (uint)endpoints.Length);
        for (var written = 0; written < endpoints.Length; written++)
        {
            var isAgain = index > 0 && endpoints[index - 1].Address == endpoints[index].Address;
            if (!isAgain && !TryWriteAddress(ref writer, DnsSection.Answer, owner, endpoints[index].Address))
            {
                return false;
            }

            index = index + 1 == endpoints.Length ? 0 : index + 1;
        }

        return true;
    }

    private bool TryWriteAddress(ref ResponseWriter writer, DnsSection section, scoped ReadOnlySpan<byte> owner, in IpAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        var rdata = bytes[..address.WriteBytes(bytes)];
        return section == DnsSection.Answer && writer.IsQuestionName(owner)
            ? writer.TryWriteAnswer(TypeOf(address), settings.Ttl, rdata)
            : writer.TryWrite(section, owner, TypeOf(address), settings.Ttl, rdata);
    }

    private bool TryWriteSoa(ref ResponseWriter writer, DnsSection section, scoped ReadOnlySpan<byte> owner, uint ttl)
    {
        Span<byte> numbers = stackalloc byte[SoaNumbers];
        settings.WriteSoaNumbers(numbers, records.Serial);
        return writer.TryWriteSoa(section, owner, ttl, settings.NameServer, settings.Mailbox, numbers);
    }
}
