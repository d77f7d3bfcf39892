namespace Kn.Linux.Routes;

/// <summary>A token bucket filter: packets leave a link at a rate, after a pause a burst of them at once.</summary>
/// <param name="BytesPerSecond">The rate, from 1.</param>
/// <param name="BurstBytes">Size of the bucket. Packets that are longer are cut into segments where they are several in one, else dropped.</param>
/// <param name="LimitBytes">How much may wait for tokens; more is dropped.</param>
/// <remarks>tc-tbf(8); struct tc_tbf_qopt, uapi/linux/pkt_sched.h. A child queue for packets in their order comes with it.</remarks>
public sealed record TokenBucket(ulong BytesPerSecond, uint BurstBytes, uint LimitBytes)
{
    private const uint RoundingBytes = 64;
    private const double RoundingSeconds = 128e-9;

    /// <summary>Whether both are the same to the kernel, which keeps the bucket's size as a time and so tells it rounded.</summary>
    public bool IsSameAs(TokenBucket other)
    {
        var difference = BurstBytes > other.BurstBytes ? BurstBytes - other.BurstBytes : other.BurstBytes - BurstBytes;
        return BytesPerSecond == other.BytesPerSecond && LimitBytes == other.LimitBytes && difference <= RoundingBytes + (BytesPerSecond * RoundingSeconds);
    }
}
