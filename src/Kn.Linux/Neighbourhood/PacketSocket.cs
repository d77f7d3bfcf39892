using System.Buffers.Binary;
using Kn.Linux.Interop;
using Kn.Linux.Namespaces;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Neighbourhood;

/// <summary>Frames of one kind on one link, in both directions. Thread-safe; a receive does not wait.</summary>
/// <remarks>packet(7).</remarks>
public sealed class PacketSocket : IDisposable
{
    private const int AF_PACKET = 17;
    private const int SOL_PACKET = 263;
    private const int SO_ATTACH_FILTER = 26;
    private const int PACKET_ADD_MEMBERSHIP = 1;
    private const ushort PACKET_MR_ALLMULTI = 2;
    private const int SockaddrBytes = 20;
    private const byte PacketOutgoing = 4;

    private readonly SafeFileHandle _handle;

    private PacketSocket(SafeFileHandle handle, int linkIndex)
    {
        _handle = handle;
        LinkIndex = linkIndex;
    }

    /// <summary>The link.</summary>
    public int LinkIndex { get; }

    /// <summary>The open file, to be handed on; it stays the socket's.</summary>
    public SafeFileHandle Handle => _handle;

    /// <summary>Opens a socket for ARP.</summary>
    /// <param name="linkIndex">The link.</param>
    /// <param name="filter">From <see cref="PacketFilter"/>.</param>
    /// <param name="inside">The network namespace; null for the thread's.</param>
    /// <exception cref="LinuxException">EPERM: without CAP_NET_RAW. ENODEV: no such link.</exception>
    public static PacketSocket OpenArp(int linkIndex, ReadOnlyMemory<byte> filter, NetworkNamespace? inside = null) => Open(linkIndex, EthernetHeader.Arp, filter, inside);

    /// <summary>Opens a socket for Neighbor Discovery.</summary>
    /// <inheritdoc cref="OpenArp"/>
    public static PacketSocket OpenNeighbourDiscovery(int linkIndex, ReadOnlyMemory<byte> filter, NetworkNamespace? inside = null) =>
        Open(linkIndex, EthernetHeader.Ipv6, filter, inside);

    /// <summary>Goes on with a socket of the last process, with the frames that wait in it.</summary>
    /// <param name="handle">The socket's from now on; the caller's still when this throws.</param>
    /// <param name="linkIndex">The link that it must be bound to.</param>
    /// <param name="filter">As for opening.</param>
    /// <exception cref="LinuxException">EINVAL: it is something else.</exception>
    public static PacketSocket Adopt(SafeFileHandle handle, int linkIndex, ReadOnlyMemory<byte> filter)
    {
        Span<byte> name = stackalloc byte[SocketAddress.MaxSize];
        name.Clear();
        if (Libc.GetName(handle, name) < 0 || BitConverter.ToUInt16(name) != AF_PACKET || BitConverter.ToInt32(name[4..]) != linkIndex)
        {
            throw new LinuxException($"take over a packet socket of link #{linkIndex}", Errno.EINVAL);
        }

        Libc.ThrowIfFailed(Libc.AttachFilter(handle, SO_ATTACH_FILTER, filter.Span), "attach a filter to a packet socket");
        return new PacketSocket(handle, linkIndex);
    }

    /// <summary>Sends a frame.</summary>
    /// <returns>False when the link is down or gone, or the socket is closed.</returns>
    public bool TrySend(ReadOnlySpan<byte> frame)
    {
        try
        {
            return Libc.SendStream(_handle, frame) >= 0;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Has the card let all multicast through, while the socket is open.</summary>
    /// <remarks>struct packet_mreq: link's index 4, type 2, length of the address 2, address 8.</remarks>
    /// <exception cref="LinuxException">The link is gone.</exception>
    public void TakeAllMulticast()
    {
        Span<byte> request = stackalloc byte[16];
        request.Clear();
        BitConverter.TryWriteBytes(request, LinkIndex);
        BitConverter.TryWriteBytes(request[4..], PACKET_MR_ALLMULTI);
        Libc.ThrowIfFailed(Libc.SetOption(_handle, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request), $"take all multicast of link #{LinkIndex}");
    }

    /// <summary>Takes a frame that has come from others.</summary>
    /// <param name="buffer">Where it goes; what is longer is cut.</param>
    /// <param name="length">How much of it there is.</param>
    /// <returns>False when none waits.</returns>
    public bool TryReceive(Span<byte> buffer, out int length)
    {
        Span<byte> from = stackalloc byte[SockaddrBytes];
        while (true)
        {
            length = (int)Libc.ReceiveFrom(_handle, buffer, from);
            if (length < 0)
            {
                return false;
            }

            // sll_pkttype: what this machine sent is seen too.
            if (from[10] != PacketOutgoing)
            {
                return true;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static PacketSocket Open(int linkIndex, ushort etherType, ReadOnlyMemory<byte> filter, NetworkNamespace? inside)
    {
        // Bound to nothing until it has its filter: nothing else must wait in it.
        SafeFileHandle OpenHandle() => Libc.socket(AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, 0);
        var handle = inside is null ? OpenHandle() : inside.Run(OpenHandle);
        if (handle.IsInvalid)
        {
            throw new LinuxException("open a packet socket", Libc.LastError);
        }

        try
        {
            Libc.ThrowIfFailed(Libc.AttachFilter(handle, SO_ATTACH_FILTER, filter.Span), "attach a filter to a packet socket");
            Span<byte> address = stackalloc byte[SockaddrBytes];
            address.Clear();
            BitConverter.TryWriteBytes(address, (ushort)AF_PACKET);
            BinaryPrimitives.WriteUInt16BigEndian(address[2..], etherType);
            BitConverter.TryWriteBytes(address[4..], linkIndex);
            Libc.ThrowIfFailed(Libc.Bind(handle, address), $"bind a packet socket to link #{linkIndex}");
            return new PacketSocket(handle, linkIndex);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }
}
