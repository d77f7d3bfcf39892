using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Routes.Messages;

/// <summary>IFLA_INFO_DATA of a VXLAN link.</summary>
/// <remarks>IFLA_VXLAN_*, uapi/linux/if_link.h; the port is in network order, the rest in host order.</remarks>
internal static class VxlanAttributes
{
    private const ushort IFLA_VXLAN_ID = 1;
    private const ushort IFLA_VXLAN_LINK = 3;
    private const ushort IFLA_VXLAN_LOCAL = 4;
    private const ushort IFLA_VXLAN_LEARNING = 7;
    private const ushort IFLA_VXLAN_PORT = 15;
    private const ushort IFLA_VXLAN_LOCAL6 = 17;
    private const ushort IFLA_VXLAN_UDP_CSUM = 18;
    private const ushort IFLA_VXLAN_DF = 29;

    internal static void Write(ref NetlinkWriter writer, VxlanSettings settings)
    {
        writer.PutUInt32(IFLA_VXLAN_ID, settings.Vni);
        if (settings.UnderlayIndex != 0)
        {
            writer.PutInt32(IFLA_VXLAN_LINK, settings.UnderlayIndex);
        }

        if (settings.Local is { } local)
        {
            WriteLocal(ref writer, local);
        }

        writer.PutUInt8(IFLA_VXLAN_LEARNING, settings.Learning ? (byte)1 : (byte)0);
        writer.PutUInt16BigEndian(IFLA_VXLAN_PORT, settings.Port);
        if (!settings.Checksum)
        {
            writer.PutUInt8(IFLA_VXLAN_UDP_CSUM, 0);
        }

        if (settings.DontFragment != VxlanDontFragment.Unset)
        {
            writer.PutUInt8(IFLA_VXLAN_DF, (byte)settings.DontFragment);
        }
    }

    /// <summary>The source address alone: of all settings the kernel changes it without a new link.</summary>
    internal static void WriteLocal(ref NetlinkWriter writer, IpAddress local) =>
        writer.PutAddress(local.Family == IpFamily.V6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, local);

    internal static VxlanSettings Read(AttributeReader attributes)
    {
        var settings = new VxlanSettings { Vni = 0 };
        while (attributes.MoveNext())
        {
            settings = attributes.Type switch
            {
                IFLA_VXLAN_ID => settings with { Vni = attributes.ReadUInt32() },
                IFLA_VXLAN_LINK => settings with { UnderlayIndex = attributes.ReadInt32() },
                IFLA_VXLAN_LOCAL or IFLA_VXLAN_LOCAL6 => settings with { Local = ReadLocal(attributes) },
                IFLA_VXLAN_LEARNING => settings with { Learning = attributes.ReadUInt8() != 0 },
                IFLA_VXLAN_UDP_CSUM => settings with { Checksum = attributes.ReadUInt8() != 0 },
                IFLA_VXLAN_DF => settings with { DontFragment = (VxlanDontFragment)attributes.ReadUInt8() },
                IFLA_VXLAN_PORT => settings with { Port = attributes.ReadUInt16BigEndian() },
                _ => settings,
            };
        }

        return settings;
    }

    private static IpAddress? ReadLocal(in AttributeReader attribute)
    {
        var address = attribute.ReadAddress();
        return address.IsAny ? null : address;
    }
}
