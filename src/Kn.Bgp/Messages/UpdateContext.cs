namespace Kn.Bgp.Messages;

/// <summary>What must be known of a session to read its UPDATEs.</summary>
/// <param name="IsExternal">The peer is of another AS.</param>
/// <param name="PeerAs">Its AS.</param>
/// <param name="FourOctetAs">Numbers of four bytes were agreed on (RFC 6793).</param>
/// <param name="V4">IPv4 prefixes were agreed on.</param>
/// <param name="V6">IPv6 prefixes were agreed on.</param>
/// <param name="ExtendedNextHop">IPv6 next hops for IPv4 prefixes were agreed on (RFC 8950).</param>
/// <param name="EnforceFirstAs">A path from another AS begins with that AS (RFC 4271 §6.3).</param>
internal readonly record struct UpdateContext(bool IsExternal, uint PeerAs, bool FourOctetAs, bool V4, bool V6, bool ExtendedNextHop, bool EnforceFirstAs);
