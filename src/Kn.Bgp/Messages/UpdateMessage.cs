using Kn.Bgp.Attributes;
using Kn.Primitives;

namespace Kn.Bgp.Messages;

/// <summary>An UPDATE that was read. Spans point into the message.</summary>
/// <remarks>RFC 4271 §4.3, RFC 4760 §3 and §4; what is wrong is treated by RFC 7606.</remarks>
internal ref struct UpdateMessage
{
    /// <summary>What is to be done with it.</summary>
    internal UpdateHandling Handling;

    /// <summary>The worst that was found: what to answer when the session ends, and what to write into the log otherwise.</summary>
    internal BgpError? Error;

    /// <summary>How many attributes were left out because they were wrong.</summary>
    internal int DiscardedAttributes;

    /// <summary>IPv4 prefixes that are gone.</summary>
    internal ReadOnlySpan<byte> Withdrawn;

    /// <summary>IPv4 prefixes that are there, with <see cref="Attributes"/>.</summary>
    internal ReadOnlySpan<byte> Announced;

    /// <summary>Prefixes of <see cref="UnreachFamily"/> that are gone.</summary>
    internal ReadOnlySpan<byte> MultiprotocolWithdrawn;

    /// <summary>Prefixes of <see cref="ReachFamily"/> that are there, with <see cref="MultiprotocolAttributes"/>.</summary>
    internal ReadOnlySpan<byte> MultiprotocolAnnounced;

    /// <summary>Null when there is nothing of it, or of a family that was not agreed on.</summary>
    internal IpFamily? ReachFamily;

    /// <summary>Null when there is nothing of it, or of a family that was not agreed on.</summary>
    internal IpFamily? UnreachFamily;

    internal PathAttributes? Attributes;

    internal PathAttributes? MultiprotocolAttributes;

    /// <summary>The family whose table is told completely with this (RFC 4724 §2).</summary>
    internal IpFamily? EndOfRib;
}

/// <summary>RFC 7606 §2, from the mildest to the hardest.</summary>
internal enum UpdateHandling : byte
{
    /// <summary>As it stands, perhaps without attributes that were wrong.</summary>
    Accept,

    /// <summary>The prefixes that it announces are withdrawn instead.</summary>
    TreatAsWithdraw,

    /// <summary>The session ends.</summary>
    ResetSession,
}
