using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

/// <summary>The address of one end of a netlink socket.</summary>
/// <remarks>struct sockaddr_nl, uapi/linux/netlink.h: family u16, pad u16, port id u32, groups u32.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct SockaddrNetlink
{
    internal const uint Size = 12;

    public ushort Family;
    public ushort Pad;

    /// <summary>0 is the kernel, and in bind(2): choose one for me.</summary>
    public uint PortId;

    /// <summary>Bit mask of multicast groups 1 to 32.</summary>
    public uint Groups;

    internal static SockaddrNetlink Kernel => new() { Family = Libc.AF_NETLINK };
}
