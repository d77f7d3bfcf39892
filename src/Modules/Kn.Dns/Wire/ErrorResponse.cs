namespace Kn.Dns.Wire;

/// <summary>Responses that hold nothing but what went wrong.</summary>
internal static class ErrorResponse
{
    /// <summary>Writes one; a question that could be read is in it.</summary>
    /// <returns>Its length.</returns>
    public static int Write(in DnsQuery query, Span<byte> response, DnsRcode rcode)
    {
        var writer = new ResponseWriter(response, query);
        return writer.Finish(rcode);
    }

    /// <summary>The rcode for what is wrong with a query; what is not a query gets no answer at all.</summary>
    public static DnsRcode RcodeOf(QueryFault fault) => fault switch
    {
        QueryFault.None => DnsRcode.NoError,
        QueryFault.UnknownOpcode => DnsRcode.NotImplemented,
        QueryFault.UnknownVersion => DnsRcode.BadVersion,
        _ => DnsRcode.FormatError,
    };
}
