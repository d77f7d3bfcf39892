using System.Net;
using System.Text.Json.Serialization;
using Kn.Dns.Forwarding.Upstreams;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Dns.Forwarding;

/// <summary>Names that are not the cluster's, config section <c>dns.forward</c>.</summary>
public sealed record DnsForwardOptions
{
    /// <summary>Who answers them: addresses, with a port where it is not 53 (<c>192.0.2.1</c>, <c>192.0.2.1:5353</c>, <c>[2001:db8::1]:53</c>).
    /// Default none: those of <see cref="ResolvConf"/>.</summary>
    public ValueList<string> Upstreams { get; init; }

    /// <summary>The file whose nameservers are asked where <see cref="Upstreams"/> is empty; read again when it changes. Default
    /// /etc/resolv.conf, what the node itself asks.</summary>
    public string ResolvConf { get; init; } = "/etc/resolv.conf";

    /// <summary>Which upstream is asked first. Default random, which spreads the load and learns of a dead one early.</summary>
    public ForwardPolicy Policy { get; init; } = ForwardPolicy.Random;

    /// <summary>Domains with upstreams of their own, such as a company's zone; the longest that fits a name decides.</summary>
    [JsonConverter(typeof(ValueListConverter<DnsStubDomain>))]
    public ValueList<DnsStubDomain> StubDomains { get; init; }

    /// <summary>How long one upstream is waited for before the next is asked as well. Default 1 s: a recursive resolver far away that must
    /// ask others still answers most names within it, and three more fit before the client gives up.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a client waits for an answer at most, whatever upstreams do. Default 4 s: before glibc, musl and dig ask again
    /// after their 5 s.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Different questions that may wait for upstreams at once; more are refused with SERVFAIL. Default 1000, as CoreDNS advises:
    /// about 10 MB.</summary>
    public int MaxConcurrent { get; init; } = 1000;

    /// <summary>Failures in a row after which an upstream is passed over until a probe succeeds; 0 never passes one over. Default 2, as CoreDNS.</summary>
    public int MaxFails { get; init; } = 2;

    /// <summary>Time between the probes of an upstream that failed. Default 0.5 s, as CoreDNS.</summary>
    public TimeSpan HealthCheckInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Largest UDP answer that upstreams may send (EDNS0). Default 1232: it fits the smallest IPv6 path whole, and what comes
    /// in fragments can be forged (DNS flag day 2020).</summary>
    public int EdnsSize { get; init; } = 1232;

    /// <summary>Ask with letters in random case and want them back so: more for a forger to guess. Default false: a few old servers
    /// change the case, and every one of their answers is then asked for again by TCP.</summary>
    public bool RandomCase { get; init; }

    /// <summary>Ask by TCP only, for networks that lose or forge UDP. Default false: a round trip and a connection more.</summary>
    public bool ForceTcp { get; init; }

    internal void Validate(OptionErrors errors, string prefix)
    {
        RequireUpstreams(errors, Upstreams, prefix + nameof(Upstreams));
        errors.Require(ResolvConf.StartsWith('/'), prefix + nameof(ResolvConf), "must be an absolute path such as /etc/resolv.conf");
        errors.Require(Timeout >= TimeSpan.FromMilliseconds(10), prefix + nameof(Timeout), "must be at least 10ms");
        errors.Require(Deadline >= Timeout && Deadline <= TimeSpan.FromMinutes(1), prefix + nameof(Deadline), "must be from timeout to 1m");
        errors.Require(MaxConcurrent is >= 1 and <= 100_000, prefix + nameof(MaxConcurrent), "must be from 1 to 100000: each waits with a socket of its own");
        errors.Require(MaxFails is >= 0 and <= 100, prefix + nameof(MaxFails), "must be from 0 (never pass an upstream over) to 100");
        errors.Require(HealthCheckInterval >= TimeSpan.FromMilliseconds(10), prefix + nameof(HealthCheckInterval), "must be at least 10ms");
        errors.Require(EdnsSize is >= 512 and <= 4096, prefix + nameof(EdnsSize), "must be from 512 to 4096; 1232 is what every path carries");
        for (var i = 0; i < StubDomains.Count; i++)
        {
            StubDomains[i].Validate(errors, $"{prefix}{nameof(StubDomains)}[{i}].");
            var domain = StubDomains[i].Domain;
            errors.Require(
                !StubDomains.Take(i).Any(earlier => DnsStubDomain.IsSameDomain(earlier.Domain, domain)),
                $"{prefix}{nameof(StubDomains)}[{i}].{nameof(DnsStubDomain.Domain)}",
                $"'{domain}' is there twice; give all its upstreams in one entry");
        }
    }

    internal static void RequireUpstreams(OptionErrors errors, ValueList<string> upstreams, string property)
    {
        for (var i = 0; i < upstreams.Count; i++)
        {
            var parsed = UpstreamAddress.TryParse(upstreams[i], out var address);
            errors.Require(parsed, $"{property}[{i}]", $"'{upstreams[i]}' is not an address such as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53");
            errors.Require(
                !parsed || !(address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any)),
                $"{property}[{i}]",
                $"'{upstreams[i]}' is no host's address; name the server's own");
        }
    }
}

/// <summary>Which upstream is asked first; the others follow where it fails.</summary>
public enum ForwardPolicy
{
    /// <summary>Any of them.</summary>
    Random,

    /// <summary>The first in the list that works.</summary>
    Sequential,

    /// <summary>The one whose answers came soonest lately; now and then another, to learn of a change.</summary>
    Fastest,
}
