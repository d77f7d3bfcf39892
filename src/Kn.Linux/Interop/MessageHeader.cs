using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

/// <summary>struct msghdr, recvmsg(2): where a datagram, its address and its control messages are. 56 bytes on 64-bit kernels.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    internal byte* Name;
    internal uint NameLength;
    internal IoVector* Vectors;
    internal nuint VectorCount;
    internal byte* Control;
    internal nuint ControlLength;
    internal int Flags;
}

/// <summary>struct mmsghdr, recvmmsg(2): a message and how many bytes of it were received or sent. 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MultiMessageHeader
{
    internal MessageHeader Header;
    internal uint Length;
}

/// <summary>struct iovec, readv(2). 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    internal byte* Start;
    internal nuint Length;
}
