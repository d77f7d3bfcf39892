using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

/// <summary>A datagram between processes that carries open files beside its text (SCM_RIGHTS, unix(7), cmsg(3)).</summary>
/// <remarks>The control part on 64-bit kernels, host order (little-endian on x86-64 and arm64):
/// <code>
///  0  8  length, this header included (CMSG_LEN)
///  8  4  SOL_SOCKET
/// 12  4  SCM_RIGHTS
/// 16  4n descriptors; padded to 8
/// </code></remarks>
internal static unsafe class RightsMessage
{
    /// <summary>What one message may carry here; the kernel's own limit is 253 (SCM_MAX_FD).</summary>
    internal const int MaxDescriptors = 16;

    private const int HeaderSize = 16;
    private const int SCM_RIGHTS = 1;
    private const int ControlSize = HeaderSize + (MaxDescriptors * sizeof(int));

    /// <summary>Sends text and, unless it is null, one descriptor; a negative result leaves errno.</summary>
    internal static nint Send(SafeHandle socket, ReadOnlySpan<byte> text, SafeHandle? descriptor)
    {
        Span<byte> control = stackalloc byte[HeaderSize + sizeof(long)];
        control.Clear();
        var held = false;
        try
        {
            descriptor?.DangerousAddRef(ref held);
            BinaryPrimitives.WriteUInt64LittleEndian(control, HeaderSize + sizeof(int));
            BinaryPrimitives.WriteInt32LittleEndian(control[8..], Libc.SOL_SOCKET);
            BinaryPrimitives.WriteInt32LittleEndian(control[12..], SCM_RIGHTS);
            BinaryPrimitives.WriteInt32LittleEndian(control[HeaderSize..], descriptor is null ? -1 : (int)descriptor.DangerousGetHandle());
            fixed (byte* bytes = text, rights = control)
            {
                var vector = new IoVector { Start = bytes, Length = (nuint)text.Length };
                var message = new MessageHeader { Vectors = &vector, VectorCount = 1 };
                if (descriptor is not null)
                {
                    message.Control = rights;
                    message.ControlLength = (nuint)control.Length;
                }

                return Libc.sendmsg(socket, message, Libc.MSG_NOSIGNAL);
            }
        }
        finally
        {
            if (held)
            {
                descriptor!.DangerousRelease();
            }
        }
    }

    /// <summary>Receives a datagram without waiting; a negative result leaves errno. The descriptors are the caller's, and close on exec.</summary>
    /// <param name="socket">A unix datagram socket.</param>
    /// <param name="text">Gets the text; what does not fit is lost.</param>
    /// <param name="descriptors">Gets the descriptors; <see cref="MaxDescriptors"/> long.</param>
    /// <param name="count">How many came.</param>
    internal static nint Receive(SafeHandle socket, Span<byte> text, Span<int> descriptors, out int count)
    {
        Span<byte> control = stackalloc byte[ControlSize];
        count = 0;
        fixed (byte* bytes = text, rights = control)
        {
            var vector = new IoVector { Start = bytes, Length = (nuint)text.Length };
            var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = rights, ControlLength = (nuint)control.Length };
            var received = Libc.recvmsg(socket, ref message, Libc.MSG_DONTWAIT | Libc.MSG_CMSG_CLOEXEC);
            if (received >= 0 && message.ControlLength >= HeaderSize)
            {
                count = Read(control[..(int)message.ControlLength], descriptors);
            }

            return received;
        }
    }

    private static int Read(ReadOnlySpan<byte> control, Span<int> descriptors)
    {
        var length = (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(control), (ulong)control.Length);
        if (BinaryPrimitives.ReadInt32LittleEndian(control[8..]) != Libc.SOL_SOCKET || BinaryPrimitives.ReadInt32LittleEndian(control[12..]) != SCM_RIGHTS)
        {
            return 0;
        }

        var count = Math.Min((length - HeaderSize) / sizeof(int), descriptors.Length);
        for (var index = 0; index < count; index++)
        {
            descriptors[index] = BinaryPrimitives.ReadInt32LittleEndian(control[(HeaderSize + (index * sizeof(int)))..]);
        }

        return count;
    }
}
