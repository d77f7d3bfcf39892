using Kn.Dns.Wire;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>Which upstreams a name goes to: those of the longest domain that it is in. Immutable; replaced whole when resolv.conf changes.</summary>
internal sealed class UpstreamRoutes
{
    private readonly UpstreamGroup[] _groups;

    /// <summary>Routes to these groups; the one for the root takes what no other does.</summary>
    public UpstreamRoutes(IEnumerable<UpstreamGroup> groups) =>
        _groups = [.. groups.OrderByDescending(static group => group.Domain.Length)];

    /// <summary>Nobody to ask.</summary>
    public static UpstreamRoutes None { get; } = new([]);

    /// <summary>All groups, longest domain first.</summary>
    public IReadOnlyList<UpstreamGroup> Groups => _groups;

    /// <summary>Every upstream once.</summary>
    public IEnumerable<Upstream> Upstreams => _groups.SelectMany(static group => group.Upstreams).Distinct();

    /// <summary>The group for a name; null when nobody can be asked.</summary>
    public UpstreamGroup? Find(ReadOnlySpan<byte> name)
    {
        foreach (var group in _groups)
        {
            if (DnsName.IsWithin(name, group.Domain))
            {
                return group.Upstreams.IsEmpty ? null : group;
            }
        }

        return null;
    }
}
