using Kn.Linux.Interop;

namespace Kn.Linux.Datagrams;

/// <summary>Receives and answers many datagrams with one system call each way.</summary>
/// <remarks>
/// <para>recvmmsg(2) with MSG_WAITFORONE: returns when one datagram is there, with all that are. For one thread and, at a time, one
/// socket. Spans are valid until the next <see cref="Receive"/>; the memory is native, so they must not be used after
/// <see cref="Dispose"/>.</para>
/// <para>Answers leave from the address that the socket is bound to: a socket bound to a wildcard address would need IP_PKTINFO, which
/// this does not carry.</para>
/// </remarks>
public sealed class DatagramBatch : IDisposable
{
    private readonly DatagramVectors _vectors;

    /// <summary>Room for so many datagrams.</summary>
    /// <param name="slots">How many at once.</param>
    /// <param name="requestBytes">Longest that is received whole (<see cref="IsCut"/>).</param>
    /// <param name="responseBytes">Longest that is answered.</param>
    public DatagramBatch(int slots, int requestBytes, int responseBytes)
    {
        Slots = slots;
        _vectors = new DatagramVectors(slots, requestBytes, responseBytes);
    }

    /// <summary>How many datagrams fit.</summary>
    public int Slots { get; }

    /// <summary>Waits until a datagram is there; replies that were not sent are forgotten.</summary>
    /// <returns>How many were received; 0 when a signal or a time-out ended the wait.</returns>
    /// <exception cref="LinuxException">The socket is unusable.</exception>
    public int Receive(UdpSocket socket)
    {
        var received = _vectors.Receive(socket.Handle);
        if (received >= 0)
        {
            return received;
        }

        var error = Libc.LastError;
        return error is Errno.EINTR or Errno.EAGAIN ? 0 : throw new LinuxException("recvmmsg", error);
    }

    /// <summary>A received datagram.</summary>
    public ReadOnlySpan<byte> Request(int slot) => _vectors.Request(slot);

    /// <summary>True when the datagram was longer than its buffer: its end is lost.</summary>
    public bool IsCut(int slot) => _vectors.IsCut(slot);

    /// <summary>Who sent it.</summary>
    public DatagramPeer Sender(int slot) => new(SocketAddress.Read(_vectors.Sender(slot), out var port, out var scope), port, scope);

    /// <summary>Where the next answer is written; another place after each <see cref="Reply"/>.</summary>
    public Span<byte> NextResponse => _vectors.NextResponse;

    /// <summary>Adds the first bytes of <see cref="NextResponse"/> to what <see cref="Send"/> sends to the slot's sender; once a slot.</summary>
    public void Reply(int slot, int length) => _vectors.Reply(slot, length);

    /// <summary>Sends the replies.</summary>
    /// <returns>How many the kernel refused: no route to the client, a full queue, a firewall.</returns>
    public int Send(UdpSocket socket) => _vectors.Send(socket.Handle);

    /// <inheritdoc/>
    public void Dispose() => _vectors.Dispose();
}
