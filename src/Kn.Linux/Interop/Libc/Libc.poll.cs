using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    private const short POLLIN = 1;

    /// <summary>Waits until one of two descriptors can be read, or has an error to tell.</summary>
    /// <returns>False when the timeout passed or a signal came.</returns>
    internal static bool WaitReadable(SafeFileHandle first, SafeFileHandle second, TimeSpan timeout)
    {
        var held = (First: false, Second: false);
        try
        {
            first.DangerousAddRef(ref held.First);
            second.DangerousAddRef(ref held.Second);
            Span<PollDescriptor> both =
            [
                new((int)first.DangerousGetHandle(), POLLIN, 0),
                new((int)second.DangerousGetHandle(), POLLIN, 0),
            ];
            var milliseconds = timeout == Timeout.InfiniteTimeSpan ? -1 : (int)timeout.TotalMilliseconds;
            return poll(ref MemoryMarshal.GetReference(both), 2, milliseconds) > 0;
        }
        finally
        {
            if (held.First)
            {
                first.DangerousRelease();
            }

            if (held.Second)
            {
                second.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(ref PollDescriptor descriptors, nuint count, int timeoutMilliseconds);

    /// <summary>struct pollfd, poll(2).</summary>
    private readonly record struct PollDescriptor(int Descriptor, short Events, short ReturnedEvents);
}
