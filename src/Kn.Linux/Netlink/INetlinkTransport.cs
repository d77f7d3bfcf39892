namespace Kn.Linux.Netlink;

/// <summary>Datagrams to and from the kernel: a socket, or in tests a script of answers.</summary>
internal interface INetlinkTransport : IDisposable
{
    /// <summary>Our address, which answers carry.</summary>
    uint PortId { get; }

    /// <summary>Sends one datagram of any size.</summary>
    /// <exception cref="LinuxException">The kernel did not take it.</exception>
    void Send(string operation, ReadOnlySpan<byte> datagram);

    /// <summary>Receives one datagram; a result beyond the buffer's length means that the rest was lost.</summary>
    /// <returns>Its length; <see cref="NothingThere"/> when nothing came in time, or at once when not waiting.</returns>
    /// <exception cref="LinuxException">ENOBUFS: the receive buffer overflowed and messages are lost.</exception>
    int Receive(string operation, Span<byte> buffer, bool wait, out uint senderPortId);

    /// <summary>What Receive returns for no datagram.</summary>
    const int NothingThere = -1;
}
