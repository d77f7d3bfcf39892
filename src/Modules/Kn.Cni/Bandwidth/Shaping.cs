using Kn.Cni.Protocol;
using Kn.Hosting;
using Kn.Linux.Routes;

namespace Kn.Cni.Bandwidth;

/// <summary>How limits become token buckets. Pure.</summary>
/// <remarks>
/// <para>Both directions are shaped where packets leave a link: what the pod receives at the node's end of its veth, what it sends at the pod's
/// end. docs/adr/0005-pod-bandwidth.md says why no intermediate device (ifb) is used.</para>
/// <para>A runtime that states no burst, or only the largest number there is, gets one of <see cref="BurstTime"/>. A bucket must hold the
/// largest packet, or none of that size would ever pass.</para>
/// </remarks>
public static class Shaping
{
    /// <summary>Room for a link-layer header and tags.</summary>
    private const uint HeaderBytes = 64;

    /// <summary>Holds packets of the usual MTUs, jumbo frames included, so that a link's MTU can change without the bucket.</summary>
    private const uint SmallestBurst = 16 << 10;

    private const ulong BitsPerByte = 8;

    /// <summary>A kernel tells a bucket's size in ticks of 64 ns in 32 bits: 274 s.</summary>
    private const ulong LongestBurstSeconds = 200;

    /// <summary>A pause's worth of tokens: with it a sender that waits for acknowledgements of a few milliseconds reaches the rate.</summary>
    private static readonly TimeSpan BurstTime = TimeSpan.FromMilliseconds(25);

    /// <summary>How long a packet may wait for tokens before newer ones are dropped: what TCP's congestion control needs to see.</summary>
    private static readonly TimeSpan QueueTime = TimeSpan.FromMilliseconds(50);

    /// <summary>The bucket for a limit.</summary>
    /// <param name="limit">What was asked for.</param>
    /// <param name="mtu">Of the link.</param>
    public static TokenBucket BucketOf(RateLimit limit, uint mtu)
    {
        var rate = limit.BitsPerSecond / BitsPerByte;
        var least = Math.Max(SmallestBurst, mtu + HeaderBytes);
        var wanted = limit.BurstBits == 0 ? Share(rate, BurstTime) : Math.Min(limit.BurstBits / BitsPerByte, rate * LongestBurstSeconds);
        var burst = Math.Clamp(wanted, least, uint.MaxValue);
        return new TokenBucket(rate, (uint)burst, (uint)Math.Min(burst + Math.Max(Share(rate, QueueTime), least), uint.MaxValue));
    }

    /// <summary>What sets up a link's limit.</summary>
    public static RouteChange Change(int linkIndex, RateLimit limit, uint mtu) =>
        new EnsureTokenBucket(linkIndex, (uint)NodeResources.ShapingQdisc << 16, BucketOf(limit, mtu));

    /// <summary>Whether a link has the limit that it should have.</summary>
    /// <param name="limit">What was asked for; null when nothing was, then any state will do.</param>
    /// <param name="mtu">Of the link.</param>
    /// <param name="present">The bucket at the link's root, if there is one.</param>
    public static bool IsInPlace(RateLimit? limit, uint mtu, TokenBucket? present) =>
        limit is not { } wanted || (present is not null && BucketOf(wanted, mtu).IsSameAs(present));

    private static ulong Share(ulong rate, TimeSpan time) => (ulong)(rate * time.TotalSeconds);
}
