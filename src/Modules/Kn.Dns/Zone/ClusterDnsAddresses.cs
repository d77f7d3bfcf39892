using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>Where clients find the cluster's DNS: what <c>ns.dns</c> of the zone says. Known once the Service kube-dns is, or from the config.</summary>
internal sealed class ClusterDnsAddresses
{
    private IpAddress[] _all = [];

    /// <summary>The addresses, replaced whole.</summary>
    public ReadOnlySpan<IpAddress> All => Volatile.Read(ref _all);

    /// <summary>Takes other addresses.</summary>
    public void Set(ValueList<IpAddress> addresses) => Volatile.Write(ref _all, [.. addresses]);
}
