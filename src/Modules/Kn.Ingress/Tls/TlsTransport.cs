using Kn.Ingress.Proxying;
using Kn.Linux.Tls;

namespace Kn.Ingress.Tls;

/// <summary>TLS on a socket.</summary>
internal sealed class TlsTransport(TlsConnection connection) : ITransport
{
    /// <inheritdoc/>
    public ReadOnlySpan<byte> Protocol => connection.Protocol;

    /// <inheritdoc/>
    public bool HasMore => connection.HasMore;

    /// <summary>Goes on with the handshake: 1 when it is done, -EAGAIN when an event has to come first, any other for a failure.</summary>
    public int Handshake() => connection.Handshake();

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer) => connection.Receive(buffer);

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<byte> bytes) => connection.Send(bytes);

    /// <inheritdoc/>
    public void EndSending() => connection.EndSending();

    /// <inheritdoc/>
    public void Dispose() => connection.Dispose();
}
