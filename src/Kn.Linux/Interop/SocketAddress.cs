using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Linux.Interop;

/// <summary>Writes and reads socket addresses of the two IP families.</summary>
/// <remarks>struct sockaddr_in and struct sockaddr_in6, uapi/linux/in.h and in6.h.
/// <code>
///  0  2  AF_INET (host order)       0  2  AF_INET6 (host order)
///  2  2  port (network order)       2  2  port (network order)
///  4  4  address                    4  4  flow information
///  8  8  zero                       8 16  address
///                                  24  4  scope: a link's index (host order)
/// </code></remarks>
internal static class SocketAddress
{
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;

    /// <summary>Room for either.</summary>
    internal const int MaxSize = 28;

    private const int SizeV4 = 16;

    /// <summary>Writes an address, and returns its size.</summary>
    internal static int Write(Span<byte> destination, IpAddress address, ushort port, uint scope = 0)
    {
        destination[..MaxSize].Clear();
        BitConverter.TryWriteBytes(destination, (ushort)(address.Family == IpFamily.V4 ? AF_INET : AF_INET6));
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], port);
        if (address.Family == IpFamily.V4)
        {
            address.WriteBytes(destination[4..]);
            return SizeV4;
        }

        address.WriteBytes(destination[8..]);
        BitConverter.TryWriteBytes(destination[24..], scope);
        return MaxSize;
    }

    /// <summary>The address that the kernel wrote; 0.0.0.0 when it wrote none.</summary>
    internal static IpAddress Read(ReadOnlySpan<byte> source, out ushort port, out uint scope)
    {
        port = BinaryPrimitives.ReadUInt16BigEndian(source[2..]);
        scope = 0;
        switch (BitConverter.ToUInt16(source))
        {
            case AF_INET:
                return IpAddress.FromBytes(source.Slice(4, 4));
            case AF_INET6:
                scope = BitConverter.ToUInt32(source[24..]);
                return IpAddress.FromBytes(source.Slice(8, 16));
            default:
                return default;
        }
    }
}
