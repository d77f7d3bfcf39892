using Kn.Primitives;

namespace Kn.Linux.Datagrams;

/// <summary>The other end of a datagram.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Scope">The link that an fe80::/10 address is meant on, by its index; 0 elsewhere.</param>
public readonly record struct DatagramPeer(IpAddress Address, ushort Port, uint Scope = 0);
