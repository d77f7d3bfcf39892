using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

/// <summary>struct ifreq, uapi/linux/if.h: a name of 16 bytes and a union of 24, here an index.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct InterfaceRequest
{
    internal NameBytes Name;
    internal int Index;

    [InlineArray(16)]
    internal struct NameBytes
    {
        private byte _first;
    }
}
