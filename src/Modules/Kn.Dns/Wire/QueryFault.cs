namespace Kn.Dns.Wire;

/// <summary>What is wrong with a query.</summary>
internal enum QueryFault : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It is not a query at all (too short for a header, or a response): to answer would start a conversation of servers.</summary>
    NotAQuery,

    /// <summary>FORMERR.</summary>
    Malformed,

    /// <summary>NOTIMP: another opcode than QUERY.</summary>
    UnknownOpcode,

    /// <summary>BADVERS: another EDNS version than 0.</summary>
    UnknownVersion,
}
