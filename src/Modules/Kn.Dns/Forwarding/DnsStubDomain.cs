using Kn.Dns.Wire;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Dns.Forwarding;

/// <summary>A domain that has upstreams of its own, an entry of <c>dns.forward.stubDomains</c>.</summary>
public sealed record DnsStubDomain
{
    /// <summary>The domain and everything below it, such as <c>corp.example</c> or <c>10.in-addr.arpa</c>.</summary>
    public string Domain { get; init; } = "";

    /// <summary>Who answers for it, at least one.</summary>
    public ValueList<string> Upstreams { get; init; }

    /// <summary>Which of them is asked first; null as for all other names.</summary>
    public ForwardPolicy? Policy { get; init; }

    internal void Validate(OptionErrors errors, string prefix)
    {
        errors.Require(
            DnsName.TryParse(Domain, stackalloc byte[DnsName.MaxLength], out var length) && length > 1,
            prefix + nameof(Domain),
            $"'{Domain}' is not a domain such as corp.example (labels of 1 to 63 characters, 253 in all); for all names use dns.forward.upstreams");
        errors.Require(!Upstreams.IsEmpty, prefix + nameof(Upstreams), "must name at least one server");
        DnsForwardOptions.RequireUpstreams(errors, Upstreams, prefix + nameof(Upstreams));
    }

    internal static bool IsSameDomain(string left, string right) =>
        string.Equals(left.TrimEnd('.'), right.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);
}
