using Kn.Primitives;

namespace Kn.Ingress.Proxying;

/// <summary>What the engine goes by. Times are in milliseconds.</summary>
internal sealed record ProxySettings
{
    /// <summary>Longest head of a request.</summary>
    public int MaxHeadBytes { get; init; } = 32 << 10;

    /// <summary>How long a client may take to send a head.</summary>
    public long HeadTimeout { get; init; } = 10_000;

    /// <summary>How long a connection may wait for its next request.</summary>
    public long IdleTimeout { get; init; } = 75_000;

    /// <summary>How long a backend may take to accept a connection.</summary>
    public long ConnectTimeout { get; init; } = 5_000;

    /// <summary>How long nothing may happen in a request under way.</summary>
    public long QuietTimeout { get; init; } = 60_000;

    /// <summary>How long nothing may happen in a WebSocket.</summary>
    public long TunnelTimeout { get; init; } = 3_600_000;

    /// <summary>How long a connection to a backend is kept without a request.</summary>
    public long KeepTimeout { get; init; } = 60_000;

    /// <summary>How many of them each thread keeps for an endpoint.</summary>
    public int KeptPerEndpoint { get; init; } = 128;

    /// <summary>How long an endpoint that cannot be reached is left alone while others can be.</summary>
    public long RestTime { get; init; } = 10_000;

    /// <summary>How many endpoints are tried for a request.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Connections of clients that each thread has at most.</summary>
    public int MaxConnections { get; init; } = 16_384;

    /// <summary>Who is believed what it says of those before it.</summary>
    public ValueList<IpPrefix> Trusted { get; init; }

    /// <summary>How long a client may take until it can send a request: a proxy's header before it, and the handshake of TLS.</summary>
    public long HandshakeTimeout { get; init; } = 10_000;

    /// <summary>Who begins each connection by saying whom it is of (PROXY protocol), and is believed.</summary>
    public ValueList<IpPrefix> ProxyProtocolFrom { get; init; }

    /// <summary>Where a client is sent that is to come by TLS.</summary>
    public ushort HttpsPort { get; init; } = 443;

    /// <summary>The field that says to come by TLS alone, as a line with its end; empty for none.</summary>
    public byte[] StrictTransport { get; init; } = [];

    /// <summary>Whether backends get the field Forwarded (RFC 7239) as well.</summary>
    public bool Forwarded { get; init; }
}
