using Kn.Primitives;

namespace Kn.Dns.Serving;

/// <summary>A bucket of tokens for each client that has asked lately. For one thread.</summary>
/// <remarks>A table of fixed size, each client at the place that its hash says: where two meet, the later takes the place and begins
/// with a full bucket. So it never grows, costs one look a query, and errs in the client's favour.</remarks>
/// <param name="perSecond">Queries a second, and as many at once after a second of silence; 0 for no limit.</param>
internal sealed class RateLimiter(uint perSecond)
{
    private const int Places = 4096;
    private const uint MillisecondsPerSecond = 1000;

    private readonly Bucket[] _buckets = new Bucket[perSecond == 0 ? 0 : Places];

    /// <summary>Takes a token; false when the client has none left.</summary>
    /// <param name="client">Who asks.</param>
    /// <param name="now">Milliseconds of a clock that does not go back.</param>
    public bool TryTake(in IpAddress client, uint now)
    {
        if (_buckets.Length == 0)
        {
            return true;
        }

        var key = (ulong)client.Number ^ (ulong)(client.Number >> 64) * 0x9E37_79B9_7F4A_7C15;
        ref var bucket = ref _buckets[(key * 0x9E37_79B9_7F4A_7C15) >> 52];
        var full = (ulong)perSecond * MillisecondsPerSecond;
        if (bucket.Client != key || !bucket.IsUsed)
        {
            bucket = new Bucket { Client = key, Tokens = full, Filled = now, IsUsed = true };
        }

        bucket.Tokens = Math.Min(full, bucket.Tokens + ((ulong)(now - bucket.Filled) * perSecond));
        bucket.Filled = now;
        if (bucket.Tokens < MillisecondsPerSecond)
        {
            return false;
        }

        bucket.Tokens -= MillisecondsPerSecond;
        return true;
    }

    /// <summary>Tokens are thousandths, so that a millisecond brings as many as a second brings queries.</summary>
    private struct Bucket
    {
        public ulong Client;
        public ulong Tokens;
        public uint Filled;
        public bool IsUsed;
    }
}
