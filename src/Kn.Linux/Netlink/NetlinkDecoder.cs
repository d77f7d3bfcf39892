namespace Kn.Linux.Netlink;

/// <summary>Turns one message into any number of results; what it does not want, it leaves.</summary>
/// <param name="message">Valid during the call only.</param>
/// <param name="results">Add to it; it is emptied when an interrupted dump starts again.</param>
/// <exception cref="Kn.Primitives.WireFormatException">The message is not what its type says.</exception>
public delegate void NetlinkDecoder<T>(in NetlinkMessage message, List<T> results);
