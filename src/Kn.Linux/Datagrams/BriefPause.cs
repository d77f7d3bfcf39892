using Kn.Linux.Interop;

namespace Kn.Linux.Datagrams;

/// <summary>Pauses of some microseconds, for a thread that lets work gather.</summary>
/// <remarks>nanosleep(2), and PR_SET_TIMERSLACK of prctl(2).</remarks>
public static class BriefPause
{
    /// <summary>From now on the calling thread's waits end when they are to, and not up to 50 µs later, when the kernel has other things to do as well.</summary>
    public static void BePrecise() => Libc.SetTimerSlack(1);

    /// <summary>Lets the calling thread rest.</summary>
    public static void Take(TimeSpan time) => Libc.Sleep(time.Ticks * TimeSpan.NanosecondsPerTick);
}
