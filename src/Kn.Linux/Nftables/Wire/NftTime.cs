using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Times of nftables: milliseconds, 64 bits.</summary>
internal static class NftTime
{
    private static readonly ulong MaxMilliseconds = (ulong)TimeSpan.MaxValue.TotalMilliseconds;

    /// <exception cref="WireFormatException">Longer than a time span can be.</exception>
    internal static TimeSpan FromMilliseconds(ulong milliseconds) => milliseconds <= MaxMilliseconds
        ? TimeSpan.FromTicks((long)milliseconds * TimeSpan.TicksPerMillisecond)
        : throw new WireFormatException($"nftables time: {milliseconds} ms");
}
