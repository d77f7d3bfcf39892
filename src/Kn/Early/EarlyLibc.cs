using System.Runtime.InteropServices;

namespace Kn.Early;

/// <summary>The C library without the runtime: bound by the linker, called without a transition, blittable arguments alone.</summary>
/// <remarks>Section 2 and 3 of the manual pages; the values are those of Linux on x86-64 and arm64 (uapi/asm-generic).</remarks>
internal static unsafe partial class EarlyLibc
{
    internal const int UnixDomain = 1;
    internal const int StreamCloseOnExec = 1 | 0x80000;
    internal const int SocketLevel = 1;
    internal const int ReceiveTimeout = 20;
    internal const int SendTimeout = 21;
    internal const int NoSignal = 0x4000;

    /// <summary>Whether the last call failed because a signal came (EINTR), and is to be made again.</summary>
    internal static bool WasInterrupted => *ErrorLocation() == 4;

    [LibraryImport("libc", EntryPoint = "read"), SuppressGCTransition]
    internal static partial nint Read(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "write"), SuppressGCTransition]
    internal static partial nint Write(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "close"), SuppressGCTransition]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "socket"), SuppressGCTransition]
    internal static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "connect"), SuppressGCTransition]
    internal static partial int Connect(int descriptor, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "setsockopt"), SuppressGCTransition]
    internal static partial int SetSocketOption(int descriptor, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "send"), SuppressGCTransition]
    internal static partial nint Send(int descriptor, byte* buffer, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "__errno_location"), SuppressGCTransition]
    private static partial int* ErrorLocation();

    [LibraryImport("libc", EntryPoint = "realloc"), SuppressGCTransition]
    internal static partial byte* Reallocate(byte* old, nint size);

    /// <summary>The runtime's own main, which starts it and then calls Program (see the linker's --wrap).</summary>
    [LibraryImport("__Internal", EntryPoint = "__real_main"), SuppressGCTransition]
    internal static partial int RealMain(int argumentCount, byte** arguments);
}
