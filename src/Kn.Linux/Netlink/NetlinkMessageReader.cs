using System.Buffers.Binary;
using Kn.Primitives;

namespace Kn.Linux.Netlink;

/// <summary>Splits a received datagram into its messages.</summary>
/// <remarks>struct nlmsghdr, uapi/linux/netlink.h: length u32 with this header, type u16, flags u16, sequence u32, port id u32; padding to 4 between messages.</remarks>
public ref struct NetlinkMessageReader
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Reads the messages of one datagram.</summary>
    public NetlinkMessageReader(ReadOnlySpan<byte> datagram) => _rest = datagram;

    /// <summary>Takes the next message; false at the end.</summary>
    /// <exception cref="WireFormatException">A length that is shorter than the header or leaves the datagram.</exception>
    public bool TryRead(out NetlinkMessage message)
    {
        message = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_rest.Length < NetlinkWriter.HeaderBytes)
        {
            throw new WireFormatException($"netlink message: {_rest.Length} bytes left, its header has {NetlinkWriter.HeaderBytes}");
        }

        var length = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        if (length < NetlinkWriter.HeaderBytes || length > (uint)_rest.Length)
        {
            throw new WireFormatException($"netlink message: length {length}, {_rest.Length} bytes left");
        }

        message = new NetlinkMessage(_rest, _rest[NetlinkWriter.HeaderBytes..(int)length]);
        _rest = _rest[(int)Math.Min((length + 3L) & ~3L, _rest.Length)..];
        return true;
    }
}
