using System.Buffers.Binary;
using System.Text;
using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using static Kn.Linux.Routes.Messages.RtnetlinkMessage;

namespace Kn.Linux.Routes.Messages;

/// <summary>Link messages to bytes and back.</summary>
/// <remarks>struct ifinfomsg, uapi/linux/rtnetlink.h; attributes IFLA_*, uapi/linux/if_link.h:
/// <code>family u8 | pad u8 | hardware type u16 | index i32 | flags u32 | change mask u32 | attributes</code></remarks>
internal static class LinkMessages
{
    internal const int HeaderBytes = 16;

    private const ushort IFLA_ADDRESS = 1;
    private const ushort IFLA_IFNAME = 3;
    private const ushort IFLA_MTU = 4;
    private const ushort IFLA_LINK = 5;
    private const ushort IFLA_MASTER = 10;
    private const ushort IFLA_OPERSTATE = 16;
    private const ushort IFLA_LINKINFO = 18;
    private const ushort IFLA_IFALIAS = 20;
    private const ushort IFLA_GROUP = 27;
    private const ushort IFLA_NET_NS_FD = 28;
    private const ushort IFLA_EXT_MASK = 29;
    private const ushort IFLA_LINK_NETNSID = 37;
    private const ushort IFLA_INFO_KIND = 1;
    private const ushort IFLA_INFO_DATA = 2;
    private const ushort IFLA_INFO_SLAVE_KIND = 4;
    private const ushort IFLA_INFO_SLAVE_DATA = 5;
    private const ushort IFLA_BRPORT_MODE = 4;
    private const uint RTEXT_FILTER_SKIP_STATS = 8;
    private const int MaxNameBytes = 15;

    internal static void WriteCreate(ref NetlinkWriter writer, LinkSpec spec)
    {
        if (spec is { Alias: not null, NetworkNamespace: not null })
        {
            throw new ArgumentException($"link {spec.Name}: an alias can only be given in the socket's own namespace", nameof(spec));
        }

        var message = writer.BeginMessage(RTM_NEWLINK, NetlinkFlags.Request | NetlinkFlags.Create | NetlinkFlags.Exclusive);
        var flags = spec.Up ? LinkFlags.Up : LinkFlags.None;
        WriteHeader(ref writer, spec.Index ?? 0, flags, flags);
        WriteCommon(ref writer, spec.Name, spec.Mtu, spec.Mac, alias: null, spec.Group);
        if (spec.Master is { } master)
        {
            writer.PutInt32(IFLA_MASTER, master);
        }

        WriteNamespace(ref writer, spec.NetworkNamespace);
        var info = writer.BeginAttribute(IFLA_LINKINFO);
        writer.PutBytes(IFLA_INFO_KIND, spec.Kind);
        var data = writer.BeginAttribute(IFLA_INFO_DATA);
        spec.WriteData(ref writer);
        EndUnlessEmpty(ref writer, data);
        writer.EndNest(info);
        writer.EndMessage(message);
    }

    internal static void WriteChange(ref NetlinkWriter writer, int index, LinkChange change)
    {
        var message = writer.BeginMessage(RTM_NEWLINK, NetlinkFlags.Request);
        var mask = change.Up is null ? LinkFlags.None : LinkFlags.Up;
        WriteHeader(ref writer, index, change.Up == true ? LinkFlags.Up : LinkFlags.None, mask);
        WriteCommon(ref writer, change.Name, change.Mtu, change.Mac, change.Alias, change.Group);
        if (change.Master is { } master)
        {
            writer.PutInt32(IFLA_MASTER, master);
        }

        if (change.Hairpin is { } hairpin)
        {
            WriteHairpin(ref writer, hairpin);
        }

        if (change.VxlanLocal is { } local)
        {
            var info = writer.BeginAttribute(IFLA_LINKINFO);
            writer.PutBytes(IFLA_INFO_KIND, "vxlan"u8);
            var data = writer.BeginAttribute(IFLA_INFO_DATA);
            VxlanAttributes.WriteLocal(ref writer, local);
            writer.EndNest(data);
            writer.EndNest(info);
        }

        WriteNamespace(ref writer, change.NetworkNamespace);
        writer.EndMessage(message);
    }

    /// <summary>The alias of a link by name: rtnl_create_link() ignores it.</summary>
    internal static void WriteAlias(ref NetlinkWriter writer, string name, string alias)
    {
        var message = writer.BeginMessage(RTM_NEWLINK, NetlinkFlags.Request);
        WriteHeader(ref writer, 0, LinkFlags.None, LinkFlags.None);
        WriteCommon(ref writer, name, mtu: null, mac: null, alias, group: null);
        writer.EndMessage(message);
    }

    internal static void WriteRemove(ref NetlinkWriter writer, int index)
    {
        var message = writer.BeginMessage(RTM_DELLINK, NetlinkFlags.Request);
        WriteHeader(ref writer, index, LinkFlags.None, LinkFlags.None);
        writer.EndMessage(message);
    }

    internal static void WriteRemoveGroup(ref NetlinkWriter writer, uint group)
    {
        var message = writer.BeginMessage(RTM_DELLINK, NetlinkFlags.Request);
        WriteHeader(ref writer, 0, LinkFlags.None, LinkFlags.None);
        writer.PutUInt32(IFLA_GROUP, group);
        writer.EndMessage(message);
    }

    /// <summary>Asks for one link: by index, or by name when the index is 0.</summary>
    internal static void WriteGet(ref NetlinkWriter writer, int index, string? name)
    {
        var message = writer.BeginMessage(RTM_GETLINK, NetlinkFlags.Request);
        WriteHeader(ref writer, index, LinkFlags.None, LinkFlags.None);
        writer.PutUInt32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        if (name is not null)
        {
            writer.PutString(IFLA_IFNAME, name);
        }

        writer.EndMessage(message);
    }

    internal static void WriteDump(ref NetlinkWriter writer)
    {
        var message = writer.BeginMessage(RTM_GETLINK, NetlinkFlags.Request | NetlinkFlags.Dump);
        WriteHeader(ref writer, 0, LinkFlags.None, LinkFlags.None);
        writer.PutUInt32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        writer.EndMessage(message);
    }

    internal static void WriteHeader(ref NetlinkWriter writer, int index, LinkFlags flags, LinkFlags changed)
    {
        var header = writer.Append(HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], index);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], (uint)flags);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)changed);
    }

    internal static void WriteCommon(ref NetlinkWriter writer, string? name, uint? mtu, MacAddress? mac, string? alias, uint? group)
    {
        if (name is not null)
        {
            writer.PutString(IFLA_IFNAME, Checked(name));
        }

        if (mtu is { } bytes)
        {
            writer.PutUInt32(IFLA_MTU, bytes);
        }

        if (mac is { } address)
        {
            Span<byte> octets = stackalloc byte[MacAddress.ByteCount];
            address.WriteBytes(octets);
            writer.PutBytes(IFLA_ADDRESS, octets);
        }

        if (alias is not null)
        {
            // Without the zero: an empty alias removes the old one.
            writer.PutBytes(IFLA_IFALIAS, Encoding.UTF8.GetBytes(alias));
        }

        if (group is { } number)
        {
            writer.PutUInt32(IFLA_GROUP, number);
        }
    }

    internal static void WriteNamespace(ref NetlinkWriter writer, NetworkNamespace? target)
    {
        if (target is not null)
        {
            ObjectDisposedException.ThrowIf(target.Handle.IsClosed, target);
            writer.PutInt32(IFLA_NET_NS_FD, (int)target.Handle.DangerousGetHandle());
        }
    }

    /// <summary>True for names that the kernel can have.</summary>
    internal static bool IsPossibleName(string name) =>
        name.Length > 0 && name is not ("." or "..") && Encoding.UTF8.GetByteCount(name) <= MaxNameBytes
        && !name.Any(static c => c is '/' or ':' or '\0' || char.IsWhiteSpace(c));

    internal static void Read(in NetlinkMessage message, List<Link> results)
    {
        if (message.Type == RTM_NEWLINK)
        {
            results.Add(Read(message));
        }
    }

    internal static Link Read(in NetlinkMessage message)
    {
        var header = message.FixedHeader(HeaderBytes);
        var link = new Link
        {
            Index = BinaryPrimitives.ReadInt32LittleEndian(header[4..]),
            Flags = (LinkFlags)BinaryPrimitives.ReadUInt32LittleEndian(header[8..]),
            Name = "",
        };
        var attributes = message.Attributes(HeaderBytes);
        while (attributes.MoveNext())
        {
            link = With(link, attributes);
        }

        return link;
    }

    private static Link With(Link link, in AttributeReader attribute) => attribute.Type switch
    {
        IFLA_IFNAME => link with { Name = attribute.ReadString() },
        IFLA_MTU => link with { Mtu = attribute.ReadUInt32() },
        IFLA_ADDRESS => link with { Mac = attribute.Value.Length == MacAddress.ByteCount ? new MacAddress(attribute.Value) : null },
        IFLA_LINK => link with { PeerIndex = attribute.ReadInt32() },
        IFLA_LINK_NETNSID => link with { PeerNamespaceId = attribute.ReadInt32() },
        IFLA_MASTER => link with { Master = attribute.ReadInt32() },
        IFLA_OPERSTATE => link with { State = (LinkState)attribute.ReadUInt8() },
        IFLA_IFALIAS => link with { Alias = attribute.ReadString() },
        IFLA_GROUP => link with { Group = attribute.ReadUInt32() },
        IFLA_LINKINFO => WithInfo(link, attribute.Nested()),
        _ => link,
    };

    private static Link WithInfo(Link link, AttributeReader info)
    {
        while (info.MoveNext())
        {
            link = info.Type switch
            {
                IFLA_INFO_KIND => link with { Kind = info.ReadString() },
                IFLA_INFO_DATA when link.Kind == "vxlan" => link with { Vxlan = VxlanAttributes.Read(info.Nested()) },
                IFLA_INFO_SLAVE_DATA => WithPort(link, info.Nested()),
                _ => link,
            };
        }

        return link;
    }

    // Masters of other kinds (bonds) have other attributes; theirs with this number are no single byte.
    private static Link WithPort(Link link, AttributeReader port)
    {
        while (port.MoveNext())
        {
            if (port.Type == IFLA_BRPORT_MODE && port.Value.Length == 1)
            {
                link = link with { Hairpin = port.ReadUInt8() != 0 };
            }
        }

        return link;
    }

    // The kernel takes these for the master that the link has before this message: an earlier one must have made it a port.
    private static void WriteHairpin(ref NetlinkWriter writer, bool hairpin)
    {
        var info = writer.BeginAttribute(IFLA_LINKINFO);
        writer.PutBytes(IFLA_INFO_SLAVE_KIND, "bridge"u8);
        var data = writer.BeginAttribute(IFLA_INFO_SLAVE_DATA);
        writer.PutUInt8(IFLA_BRPORT_MODE, hairpin ? (byte)1 : (byte)0);
        writer.EndNest(data);
        writer.EndNest(info);
    }

    private static string Checked(string name) =>
        IsPossibleName(name) ? name : throw new ArgumentException($"'{name}' cannot name a link", nameof(name));

    private static void EndUnlessEmpty(ref NetlinkWriter writer, NestToken nest)
    {
        const int AttributeHeaderBytes = 4;
        if (writer.Length == nest.Start + AttributeHeaderBytes)
        {
            writer.Rewind(nest);
            return;
        }

        writer.EndNest(nest);
    }
}
