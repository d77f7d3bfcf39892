using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Linux.Netlink;

/// <summary>What an NLMSG_ERROR or NLMSG_DONE message says.</summary>
/// <remarks>struct nlmsgerr, uapi/linux/netlink.h:
/// <code>
/// error: errno i32, negative or 0 | header of the request, 16 bytes | the request's payload unless NLM_F_CAPPED | attributes when NLM_F_ACK_TLVS
/// done:  errno i32, negative or a count | attributes when NLM_F_ACK_TLVS
/// </code></remarks>
internal readonly record struct ExtendedAck(Errno Errno, string? KernelMessage, uint? OffsetBytes)
{
    private const ushort NLMSGERR_ATTR_MSG = 1;
    private const ushort NLMSGERR_ATTR_OFFS = 2;

    internal static ExtendedAck ReadError(in NetlinkMessage message)
    {
        var header = message.FixedHeader(sizeof(int) + NetlinkWriter.HeaderBytes);
        var errno = ReadErrno(header);
        var skipped = header.Length;
        if ((message.Flags & NetlinkFlags.Capped) == 0)
        {
            var requestBytes = BinaryPrimitives.ReadUInt32LittleEndian(header[sizeof(int)..]);
            if (requestBytes < NetlinkWriter.HeaderBytes || requestBytes > (uint)(message.Payload.Length - sizeof(int)))
            {
                // An error without NLM_F_CAPPED repeats the request; a success never does.
                return errno == Errno.None ? default : throw new WireFormatException($"netlink error: repeats a request of {requestBytes} bytes in {message.Payload.Length}");
            }

            skipped = sizeof(int) + (int)requestBytes;
        }

        return ReadAttributes(message, errno, skipped);
    }

    internal static ExtendedAck ReadDone(in NetlinkMessage message)
    {
        // Some families end a dump with an empty NLMSG_DONE.
        return message.Payload.Length < sizeof(int) ? default : ReadAttributes(message, ReadErrno(message.Payload), sizeof(int));
    }

    internal NetlinkException ToException(string operation) => new(operation, Errno, KernelMessage, OffsetBytes);

    private static Errno ReadErrno(ReadOnlySpan<byte> payload)
    {
        var number = BinaryPrimitives.ReadInt32LittleEndian(payload);
        return number < 0 && number > int.MinValue ? (Errno)(-number) : Errno.None;
    }

    private static ExtendedAck ReadAttributes(in NetlinkMessage message, Errno errno, int skipped)
    {
        var result = new ExtendedAck(errno, null, null);
        if ((message.Flags & NetlinkFlags.AckAttributes) == 0)
        {
            return result;
        }

        var attributes = message.Attributes(skipped);
        while (attributes.MoveNext())
        {
            result = attributes.Type switch
            {
                NLMSGERR_ATTR_MSG => result with { KernelMessage = attributes.ReadString() },
                NLMSGERR_ATTR_OFFS => result with { OffsetBytes = attributes.ReadUInt32() },
                _ => result,
            };
        }

        return result;
    }
}
