using System.Buffers.Binary;
using Kn.Linux.Netlink;

namespace Kn.Linux.Nflog;

/// <summary>NFLOG messages to bytes and back.</summary>
/// <remarks>struct nfgenmsg { family u8, version u8, group u16 big-endian }; attributes NFULA_*; integers are big-endian.
/// uapi/linux/netfilter/nfnetlink_log.h.</remarks>
internal static class NflogMessages
{
    internal const int HeaderBytes = 4;
    internal const ushort Packet = NFNL_SUBSYS_ULOG << 8;
    internal const ushort Configure = (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG;

    private const ushort NFNL_SUBSYS_ULOG = 4;
    private const ushort NFULNL_MSG_CONFIG = 1;
    private const ushort NFULA_CFG_CMD = 1;
    private const ushort NFULA_CFG_MODE = 2;
    private const ushort NFULA_CFG_TIMEOUT = 4;
    private const byte NFULNL_CFG_CMD_BIND = 1;
    private const byte NFULNL_COPY_PACKET = 2;

    private const ushort NFULA_PACKET_HDR = 1;
    private const ushort NFULA_MARK = 2;
    private const ushort NFULA_IFINDEX_INDEV = 4;
    private const ushort NFULA_IFINDEX_OUTDEV = 5;
    private const ushort NFULA_PAYLOAD = 9;
    private const ushort NFULA_PREFIX = 10;

    /// <summary>As much as IPv6 with extension headers needs until the ports.</summary>
    private const uint CopiedBytes = 128;

    /// <summary>Binds the socket to the group.</summary>
    /// <param name="writer">Gets one message.</param>
    /// <param name="group">The group.</param>
    /// <param name="delay">How long the kernel may keep packets back; it counts in hundredths of a second.</param>
    internal static void WriteBind(ref NetlinkWriter writer, ushort group, TimeSpan delay)
    {
        const int HundredthsPerSecond = 100;
        var message = writer.BeginMessage(Configure, NetlinkFlags.Request);
        BinaryPrimitives.WriteUInt16BigEndian(writer.Append(HeaderBytes)[2..], group);
        writer.PutUInt8(NFULA_CFG_CMD, NFULNL_CFG_CMD_BIND);

        // struct nfulnl_msg_config_mode { copy_range be32, copy_mode u8, pad u8 }
        Span<byte> mode = stackalloc byte[6];
        BinaryPrimitives.WriteUInt32BigEndian(mode, CopiedBytes);
        mode[4] = NFULNL_COPY_PACKET;
        writer.PutBytes(NFULA_CFG_MODE, mode);
        writer.PutUInt32BigEndian(NFULA_CFG_TIMEOUT, (uint)(delay.TotalSeconds * HundredthsPerSecond));
        writer.EndMessage(message);
    }

    /// <summary>Adds the message's packet, if it is one of the group.</summary>
    /// <exception cref="Kn.Primitives.WireFormatException">An attribute is shorter than its type.</exception>
    internal static void Read(in NetlinkMessage message, ushort group, List<LoggedPacket> results)
    {
        if (message.Type != Packet || BinaryPrimitives.ReadUInt16BigEndian(message.FixedHeader(HeaderBytes)[2..]) != group)
        {
            return;
        }

        var (prefix, mark, input, output, hook) = (string.Empty, 0u, 0, 0, (byte)0);
        ReadOnlySpan<byte> payload = default;
        var reader = message.Attributes(HeaderBytes);
        while (reader.MoveNext())
        {
            switch (reader.Type)
            {
                case NFULA_PACKET_HDR:
                    // struct nfulnl_msg_packet_hdr { hw_protocol be16, hook u8, pad u8 }
                    hook = reader.Value.Length > 2 ? reader.Value[2] : hook;
                    break;
                case NFULA_MARK:
                    mark = reader.ReadUInt32BigEndian();
                    break;
                case NFULA_IFINDEX_INDEV:
                    input = (int)reader.ReadUInt32BigEndian();
                    break;
                case NFULA_IFINDEX_OUTDEV:
                    output = (int)reader.ReadUInt32BigEndian();
                    break;
                case NFULA_PAYLOAD:
                    payload = reader.Value;
                    break;
                case NFULA_PREFIX:
                    prefix = reader.ReadString();
                    break;
                default:
                    break;
            }
        }

        if (PacketHeaders.TryRead(payload, out var headers))
        {
            results.Add(new LoggedPacket(headers) { Prefix = prefix, Mark = mark, InputLink = input, OutputLink = output, Hook = hook });
        }
    }
}
