using System.Runtime.InteropServices;

namespace Kn.Linux.Interop;

internal static partial class Libc
{
    private const int PR_SET_TIMERSLACK = 29;

    /// <summary>Sleeps; shorter when a signal comes.</summary>
    internal static void Sleep(long nanoseconds)
    {
        const long Second = 1_000_000_000;
        var time = new TimeSpecification((nint)(nanoseconds / Second), (nint)(nanoseconds % Second));
        _ = nanosleep(in time, 0);
    }

    /// <summary>How much later than asked for the kernel may end this thread's waits, in nanoseconds; without it 50,000.</summary>
    internal static void SetTimerSlack(nint nanoseconds) => ThrowIfFailed(prctl(PR_SET_TIMERSLACK, nanoseconds), "set the thread's timer slack");

    [LibraryImport("libc")]
    private static partial int nanosleep(in TimeSpecification time, nint remaining);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint prctl(int option, nint value);

    /// <summary>struct timespec, time.h.</summary>
    private readonly record struct TimeSpecification(nint Seconds, nint Nanoseconds);
}
