using System.Net;
using System.Net.Sockets;
using Kn.Dns.Forwarding.Upstreams;

namespace Kn.Dns.Forwarding;

/// <summary>What is around a forwarder.</summary>
internal sealed record ForwarderSurroundings
{
    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>True for an address that this server itself answers on: to ask it would go in a circle.</summary>
    public Func<IPEndPoint, bool> IsOwn { get; init; } = static _ => false;

    /// <summary>Told every few seconds how upstreams do.</summary>
    public Action<string> Tell { get; init; } = static _ => { };

    /// <summary>Opens sockets towards upstreams; by default in the network namespace of the calling thread.</summary>
    public SocketOpener Open { get; init; } = static (family, type) => new Socket(family, type, type == SocketType.Dgram ? ProtocolType.Udp : ProtocolType.Tcp);
}
