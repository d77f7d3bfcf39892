using Kn.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Netlink;

/// <summary>A netlink socket of the kernel.</summary>
internal sealed class SocketTransport : INetlinkTransport
{
    // The kernel answers within the send; a receive that takes this long means that the answer is lost.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    // Room for the answers to a large batch and for a burst of events; the kernel takes it as they come, not now.
    private const int ReceiveBufferBytes = 4 << 20;

    // The kernel wants some bytes of the send buffer for itself, netlink_sendmsg(); it doubles what we ask, too.
    private const int SendSlackBytes = 4096;

    private readonly SafeFileHandle _socket;
    private int _sendBufferBytes = 64 << 10;

    private SocketTransport(SafeFileHandle socket, uint portId)
    {
        _socket = socket;
        PortId = portId;
    }

    public uint PortId { get; }

    internal SafeFileHandle Handle => _socket;

    internal static SocketTransport Open(NetlinkProtocol protocol)
    {
        var socket = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, (int)protocol);
        if (socket.IsInvalid)
        {
            throw new LinuxException($"open a netlink socket ({protocol})", Libc.LastError);
        }

        try
        {
            return new SocketTransport(socket, Configure(socket, protocol));
        }
        catch (LinuxException)
        {
            socket.Dispose();
            throw;
        }
    }

    public void Send(string operation, ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length + SendSlackBytes > _sendBufferBytes)
        {
            // Without the privilege the send itself says EMSGSIZE.
            _ = Libc.SetOption(_socket, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, datagram.Length + SendSlackBytes);
            _sendBufferBytes = datagram.Length + SendSlackBytes;
        }

        while (Libc.Send(_socket, datagram) < 0)
        {
            if (Libc.LastError is var errno and not Errno.EINTR)
            {
                throw new NetlinkException(operation, errno);
            }
        }
    }

    public int Receive(string operation, Span<byte> buffer, bool wait, out uint senderPortId)
    {
        while (true)
        {
            var flags = Libc.MSG_TRUNC | (wait ? 0 : Libc.MSG_DONTWAIT);
            var length = Libc.Receive(_socket, buffer, flags, out var from);
            if (length >= 0)
            {
                senderPortId = from.PortId;
                return (int)length;
            }

            switch (Libc.LastError)
            {
                case Errno.EINTR:
                    continue;
                case Errno.EAGAIN:
                    senderPortId = 0;
                    return INetlinkTransport.NothingThere;
                case var errno:
                    throw new NetlinkException(operation, errno);
            }
        }
    }

    internal void Join(int group) => Libc.ThrowIfFailed(
        Libc.SetOption(_socket, Libc.SOL_NETLINK, Libc.NETLINK_ADD_MEMBERSHIP, group),
        $"join netlink group {group}");

    internal void Leave(int group) => Libc.ThrowIfFailed(
        Libc.SetOption(_socket, Libc.SOL_NETLINK, Libc.NETLINK_DROP_MEMBERSHIP, group),
        $"leave netlink group {group}");

    internal void ListenToAllNamespaces() => Libc.ThrowIfFailed(
        Libc.SetOption(_socket, Libc.SOL_NETLINK, Libc.NETLINK_LISTEN_ALL_NSID, 1),
        "listen to other network namespaces");

    public void Dispose() => _socket.Dispose();

    private static uint Configure(SafeFileHandle socket, NetlinkProtocol protocol)
    {
        var operation = $"configure a netlink socket ({protocol})";
        Libc.ThrowIfFailed(Libc.SetOption(socket, Libc.SOL_NETLINK, Libc.NETLINK_EXT_ACK, 1), operation);
        Libc.ThrowIfFailed(Libc.SetOption(socket, Libc.SOL_NETLINK, Libc.NETLINK_CAP_ACK, 1), operation);
        Libc.ThrowIfFailed(Libc.SetOption(socket, Libc.SOL_NETLINK, Libc.NETLINK_GET_STRICT_CHK, 1), operation);
        Libc.ThrowIfFailed(Libc.SetTimeout(socket, Libc.SO_RCVTIMEO, AnswerTimeout), operation);

        // Not allowed in every user namespace; the default size then carries all but the largest batches.
        _ = Libc.SetOption(socket, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, ReceiveBufferBytes);

        var address = SockaddrNetlink.Kernel;
        Libc.ThrowIfFailed(Libc.bind(socket, in address, SockaddrNetlink.Size), operation);
        var length = SockaddrNetlink.Size;
        Libc.ThrowIfFailed(Libc.getsockname(socket, ref address, ref length), operation);
        return address.PortId;
    }
}
