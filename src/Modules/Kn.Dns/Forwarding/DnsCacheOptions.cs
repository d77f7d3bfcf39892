using Kn.Hosting.Options;

namespace Kn.Dns.Forwarding;

/// <summary>The cache of upstreams' answers, config section <c>dns.cache</c>.</summary>
public sealed record DnsCacheOptions
{
    /// <summary>What all kept answers may take together, their bookkeeping included; 0 keeps none. Default 8Mi: about 25,000 answers, more
    /// than the pods of a node ask for in an hour; a flood of random names cannot make it more.</summary>
    public ByteSize Size { get; init; } = new(8 << 20);

    /// <summary>The longest an answer is kept, whatever its TTL. Default 30 s, as in kubeadm's CoreDNS: who changes a record sees it soon,
    /// and names in use are fetched anew before they end.</summary>
    public TimeSpan MaxTtl { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The shortest, even where the TTL is less. Default 0: who gives a TTL of zero means it.</summary>
    public TimeSpan MinTtl { get; init; } = TimeSpan.Zero;

    /// <summary>The longest that a name or type is remembered not to exist (RFC 2308 §5). Default 30 s.</summary>
    public TimeSpan MaxNegativeTtl { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it is remembered that upstreams failed or refused (SERVFAIL, REFUSED, FORMERR, NOTIMP), so that what is broken is not asked
    /// for again by every client. Default 5 s, as CoreDNS; RFC 9520 §3.2 wants 1 s to 5 min.</summary>
    public TimeSpan FailureTtl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Fetch names anew that were asked for several times, shortly before their answer ends, so that nobody waits. Default true.</summary>
    public bool Prefetch { get; init; } = true;

    /// <summary>Give an answer that has ended, with a TTL of 30 s, when upstreams cannot give a new one (RFC 8767). Default true: an address that
    /// was right a minute ago is nearly always right, and SERVFAIL never is.</summary>
    public bool ServeStale { get; init; } = true;

    /// <summary>How long after its end an answer may still be given so. Default 24 h, the least that RFC 8767 §5 suggests.</summary>
    public TimeSpan MaxStale { get; init; } = TimeSpan.FromHours(24);

    internal void Validate(OptionErrors errors, string prefix)
    {
        errors.Require(Size.Bytes is 0 or (>= 64 << 10 and <= 4L << 30), prefix + nameof(Size), "must be from 64Ki to 4Gi, or 0 for no cache");
        errors.Require(MaxTtl >= TimeSpan.FromSeconds(1) && MaxTtl <= TimeSpan.FromDays(7), prefix + nameof(MaxTtl), "must be from 1s to 168h; to cache nothing set size to 0");
        errors.Require(MinTtl >= TimeSpan.Zero && MinTtl <= MaxTtl && MinTtl <= TimeSpan.FromHours(1), prefix + nameof(MinTtl), "must be from 0s to maxTtl, and 1h at most");
        errors.Require(
            MaxNegativeTtl >= TimeSpan.Zero && MaxNegativeTtl <= TimeSpan.FromHours(3),
            prefix + nameof(MaxNegativeTtl),
            "must be from 0s to 3h, the longest that RFC 2308 §5 advises");
        errors.Require(
            FailureTtl >= TimeSpan.FromSeconds(1) && FailureTtl <= TimeSpan.FromMinutes(5),
            prefix + nameof(FailureTtl),
            "must be from 1s to 5m (RFC 9520 §3.2)");
        errors.Require(MaxStale >= TimeSpan.FromSeconds(1) && MaxStale <= TimeSpan.FromDays(7), prefix + nameof(MaxStale), "must be from 1s to 168h; to give no ended answers set serveStale to false");
    }
}
