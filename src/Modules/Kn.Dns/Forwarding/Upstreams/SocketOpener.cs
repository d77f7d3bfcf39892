using System.Net.Sockets;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>Opens a socket towards an upstream; where is the opener's business (the node's network namespace, a test's).</summary>
/// <exception cref="SocketException">No descriptor or no memory left.</exception>
internal delegate Socket SocketOpener(AddressFamily family, SocketType type);
