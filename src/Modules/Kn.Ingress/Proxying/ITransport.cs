using Kn.Linux.Streams;

namespace Kn.Ingress.Proxying;

/// <summary>The bytes of a connection, in the clear: of a socket as they are, or of TLS on it. Never blocks; for one thread.</summary>
/// <remarks>Counts are as of <see cref="StreamSocket"/>: below zero is minus the errno, -EAGAIN for "not now", and an event says when.</remarks>
internal interface ITransport : IDisposable
{
    /// <summary>The protocol that both sides agreed on (ALPN), such as h2; empty where they spoke of none.</summary>
    ReadOnlySpan<byte> Protocol { get; }

    /// <summary>Whether <see cref="Receive"/> has something to tell of which no event will come, though it took less than there was room for.</summary>
    bool HasMore { get; }

    /// <summary>Takes what is there, all of it that there is room for; 0 at the end.</summary>
    int Receive(Span<byte> buffer);

    /// <summary>Gives what is taken. What is not has to be given again, from its first byte.</summary>
    int Send(ReadOnlySpan<byte> bytes);

    /// <summary>Says that nothing more comes.</summary>
    void EndSending();
}

/// <summary>A socket as it is.</summary>
internal sealed class PlainTransport(StreamSocket socket) : ITransport
{
    /// <inheritdoc/>
    public ReadOnlySpan<byte> Protocol => default;

    /// <inheritdoc/>
    public bool HasMore => false;

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer) => socket.Receive(buffer);

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<byte> bytes) => socket.Send(bytes);

    /// <inheritdoc/>
    public void EndSending() => socket.EndSending();

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();
}
