namespace Kn.Dns.Wire;

/// <summary>The parts of a response that hold records, in their order.</summary>
internal enum DnsSection : byte
{
    /// <summary>What was asked for.</summary>
    Answer,

    /// <summary>Who is in charge; a SOA here says for how long "no" holds.</summary>
    Authority,

    /// <summary>What the client would ask for next.</summary>
    Additional,
}
