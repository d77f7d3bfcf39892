using Kn.Linux.Interop;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Neighbourhood;

/// <summary>Membership in IPv6 multicast groups on one link: the card lets their frames through, and switches hear of it (MLD).</summary>
/// <remarks>ipv6(7), IPV6_ADD_MEMBERSHIP. Not thread-safe. The memberships end with the socket.</remarks>
public sealed class MulticastMember : IDisposable
{
    private const int SOCK_DGRAM = 2;
    private const int IPPROTO_IPV6 = 41;
    private const int IPV6_ADD_MEMBERSHIP = 20;
    private const int IPV6_DROP_MEMBERSHIP = 21;
    private const int RequestBytes = 20;

    private readonly SafeFileHandle _handle;
    private readonly int _linkIndex;

    private MulticastMember(SafeFileHandle handle, int linkIndex)
    {
        _handle = handle;
        _linkIndex = linkIndex;
    }

    /// <summary>The open file, to be handed on; it stays the member's.</summary>
    public SafeFileHandle Handle => _handle;

    /// <summary>A member of no group yet.</summary>
    /// <exception cref="LinuxException">The kernel has no IPv6.</exception>
    public static MulticastMember Open(int linkIndex, NetworkNamespace? inside = null)
    {
        static SafeFileHandle OpenHandle() => Libc.socket(SocketAddress.AF_INET6, SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        var handle = inside is null ? OpenHandle() : inside.Run(OpenHandle);
        return handle.IsInvalid ? throw new LinuxException("open a socket for multicast groups", Libc.LastError) : new MulticastMember(handle, linkIndex);
    }

    /// <summary>Goes on with the socket of the last process, and its memberships.</summary>
    public static MulticastMember Adopt(SafeFileHandle handle, int linkIndex) => new(handle, linkIndex);

    /// <summary>Joins a group; one that it is in already is success.</summary>
    /// <exception cref="LinuxException">ENOBUFS: more groups than net.core.optmem_max allows. ENODEV: the link is gone.</exception>
    public void Join(IpAddress group)
    {
        if (Change(IPV6_ADD_MEMBERSHIP, group) < 0 && Libc.LastError is var error and not Errno.EADDRINUSE)
        {
            throw new LinuxException($"join {group} on link #{_linkIndex}", error);
        }
    }

    /// <summary>Leaves a group; absent is success.</summary>
    public void Leave(IpAddress group) => _ = Change(IPV6_DROP_MEMBERSHIP, group);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>struct ipv6_mreq: address 16, link's index 4.</summary>
    private int Change(int option, IpAddress group)
    {
        Span<byte> request = stackalloc byte[RequestBytes];
        group.WriteBytes(request);
        BitConverter.TryWriteBytes(request[16..], _linkIndex);
        return Libc.SetOption(_handle, IPPROTO_IPV6, option, request);
    }
}
