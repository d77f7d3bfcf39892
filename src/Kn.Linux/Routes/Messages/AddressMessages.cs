using System.Buffers.Binary;
using Kn.Linux.Netlink;
using Kn.Primitives;
using static Kn.Linux.Routes.Messages.RtnetlinkMessage;

namespace Kn.Linux.Routes.Messages;

/// <summary>Address messages to bytes and back.</summary>
/// <remarks>struct ifaddrmsg, attributes IFA_*, uapi/linux/if_addr.h:
/// <code>family u8 | prefix length u8 | flags u8 | scope u8 | link index u32 | attributes</code>
/// IFA_LOCAL is the link's own address, IFA_ADDRESS the peer's where there is one; IPv6 without a peer has IFA_ADDRESS alone.</remarks>
internal static class AddressMessages
{
    internal const int HeaderBytes = 8;

    private const ushort IFA_ADDRESS = 1;
    private const ushort IFA_LOCAL = 2;
    private const ushort IFA_FLAGS = 8;

    internal static void WriteEnsure(ref NetlinkWriter writer, int linkIndex, LinkAddress address) =>
        Write(ref writer, RTM_NEWADDR, NetlinkFlags.Create | NetlinkFlags.Replace, linkIndex, address);

    internal static void WriteRemove(ref NetlinkWriter writer, int linkIndex, LinkAddress address) =>
        Write(ref writer, RTM_DELADDR, NetlinkFlags.None, linkIndex, address with { Flags = LinkAddressFlags.None });

    internal static void WriteDump(ref NetlinkWriter writer, int? linkIndex)
    {
        var message = writer.BeginMessage(RTM_GETADDR, NetlinkFlags.Request | NetlinkFlags.Dump);
        BinaryPrimitives.WriteInt32LittleEndian(writer.Append(HeaderBytes)[4..], linkIndex ?? 0);
        writer.EndMessage(message);
    }

    internal static void Read(in NetlinkMessage message, List<LinkAddress> results)
    {
        if (message.Type is RTM_NEWADDR or RTM_DELADDR && Read(message) is { } address)
        {
            results.Add(address);
        }
    }

    private static void Write(ref NetlinkWriter writer, ushort type, NetlinkFlags flags, int linkIndex, LinkAddress address)
    {
        var message = writer.BeginMessage(type, NetlinkFlags.Request | flags);
        var header = writer.Append(HeaderBytes);
        header[0] = AddressFamily.Of(address.Address.Family);
        header[1] = address.PrefixLength;
        header[2] = (byte)address.Flags;
        header[3] = (byte)address.Scope;
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], linkIndex);
        writer.PutAddress(IFA_LOCAL, address.Address);
        writer.PutAddress(IFA_ADDRESS, address.Peer ?? address.Address);
        if ((uint)address.Flags > byte.MaxValue)
        {
            writer.PutUInt32(IFA_FLAGS, (uint)address.Flags);
        }

        writer.EndMessage(message);
    }

    private static LinkAddress? Read(in NetlinkMessage message)
    {
        var header = message.FixedHeader(HeaderBytes);
        if (AddressFamily.ToIpFamily(header[0]) is null)
        {
            return null;
        }

        IpAddress? local = null;
        IpAddress? other = null;
        var flags = (LinkAddressFlags)header[2];
        var attributes = message.Attributes(HeaderBytes);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case IFA_LOCAL: local = attributes.ReadAddress(); break;
                case IFA_ADDRESS: other = attributes.ReadAddress(); break;
                case IFA_FLAGS: flags = (LinkAddressFlags)attributes.ReadUInt32(); break;
            }
        }

        return new LinkAddress
        {
            Address = local ?? other ?? throw new WireFormatException("RTM_NEWADDR without an address"),
            PrefixLength = header[1],
            LinkIndex = BinaryPrimitives.ReadInt32LittleEndian(header[4..]),
            Scope = (RouteScope)header[3],
            Peer = local is not null && other != local ? other : null,
            Flags = flags,
        };
    }
}
