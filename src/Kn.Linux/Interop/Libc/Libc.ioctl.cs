using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    /// <summary>The kind of namespace that a descriptor is of, as a CLONE_ constant: _IO(0xb7, 3), uapi/linux/nsfs.h. ENOTTY: of none.</summary>
    internal const nuint NS_GET_NSTYPE = 0xB703;

    /// <summary>The index of a link by its name, in the namespace of any socket; netdevice(7).</summary>
    internal const nuint SIOCGIFINDEX = 0x8933;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle descriptor, nuint request);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(SafeFileHandle descriptor, nuint request, ref InterfaceRequest argument);
}
