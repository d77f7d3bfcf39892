using System.Text.Json.Serialization;
using Kn.Dns.Forwarding;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Dns;

/// <summary>The cluster's names, config section <c>dns</c>.</summary>
public sealed record DnsOptions : IModuleOptions
{
    /// <summary>The cluster domain, as the kubelets have it. Default cluster.local, as everybody's.</summary>
    public string Domain { get; init; } = "cluster.local";

    /// <summary>Where pods look for their DNS, as the kubelets' clusterDNS has it. Default none: the ClusterIPs of <see cref="Service"/>.</summary>
    public ValueList<IpAddress> Addresses { get; init; }

    /// <summary>The Service that has the cluster's DNS address, where <see cref="Addresses"/> does not say it. Default kube-system/kube-dns,
    /// the name that Kubernetes' own tools expect.</summary>
    public string Service { get; init; } = "kube-system/kube-dns";

    /// <summary>More addresses that Kn gives to the node and serves, such as 169.254.20.10, NodeLocal DNSCache's. Default none.</summary>
    public ValueList<IpAddress> LocalAddresses { get; init; }

    /// <summary>Also serve on this node's InternalIPs. Default false: port 53 of a node may be another's, and is one more door.</summary>
    public bool NodeAddresses { get; init; }

    /// <summary>Who may ask beside the cluster's pods and nodes. Default none: whoever answers strangers helps them to flood others.</summary>
    public ValueList<IpPrefix> Clients { get; init; }

    /// <summary>Queries a second from one client, on each thread; more are dropped. 0 for no limit; the node's own processes have none.
    /// Default 10,000: more than any program needs, and a tenth of what a thread can answer.</summary>
    public uint RateLimit { get; init; } = 10_000;

    /// <summary>Threads that answer UDP on each address. Default 1: it answers more than 100,000 queries a second.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>How long clients may keep an answer about the cluster. Default 5s, as CoreDNS: the longest that a name may be wrong.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long clients may keep it that there is no such name or type. Default 5s.</summary>
    public TimeSpan NegativeTtl { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pod records such as 10-244-1-7.default.pod.cluster.local: disabled, insecure or verified. Default insecure, as kubeadm sets
    /// CoreDNS up; verified makes every node watch all pods.</summary>
    public PodRecords Pods { get; init; } = PodRecords.Insecure;

    /// <summary>Answer a name of a pod's search path that does not exist with what the rest of the path leads to, in one reply. Default
    /// false: it needs to know which pod asks, so every node watches all pods.</summary>
    public bool Autopath { get; init; }

    /// <summary>Names that are answered from here before anything else.</summary>
    [JsonConverter(typeof(ValueListConverter<HostOptions>))]
    public ValueList<HostOptions> Hosts { get; init; }

    /// <summary>Section <c>forward</c>.</summary>
    public DnsForwardOptions Forward { get; init; } = new();

    /// <summary>Section <c>cache</c>.</summary>
    public DnsCacheOptions Cache { get; init; } = new();

    /// <summary>Section <c>tcp</c>.</summary>
    public TcpOptions Tcp { get; init; } = new();

    /// <summary>Log one of so many queries; 0 for none. Default 0: on a busy node even a small part is much.</summary>
    public uint LogEvery { get; init; }

    /// <inheritdoc/>
    public void Validate(OptionErrors errors)
    {
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        errors.Require(DnsName.TryParse(Domain, name, out var length) && length is > 1 and < 200, nameof(Domain), $"'{Domain}' is not a domain such as cluster.local");
        errors.Require(Service.Split('/') is [{ Length: > 0 }, { Length: > 0 }], nameof(Service), "must be NAMESPACE/NAME");
        RequireOwn(errors, Addresses, nameof(Addresses));
        RequireOwn(errors, LocalAddresses, nameof(LocalAddresses));
        errors.Require(Threads is >= 1 and <= 64, nameof(Threads), "must be from 1 to 64");
        errors.Require(IsTtl(Ttl), nameof(Ttl), "must be from 0s to 1h");
        errors.Require(IsTtl(NegativeTtl), nameof(NegativeTtl), "must be from 0s to 1h");
        for (var index = 0; index < Hosts.Count; index++)
        {
            errors.Require(DnsName.TryParse(Hosts[index].Name, name, out _), $"Hosts[{index}].Name", $"'{Hosts[index].Name}' is not a DNS name");
            errors.Require(!Hosts[index].Addresses.IsEmpty, $"Hosts[{index}].Addresses", "must have an address at least");
        }

        Forward.Validate(errors, "Forward.");
        Cache.Validate(errors, "Cache.");
        Tcp.Validate(errors);
    }

    private static bool IsTtl(TimeSpan ttl) => ttl >= TimeSpan.Zero && ttl <= TimeSpan.FromHours(1);

    private static void RequireOwn(OptionErrors errors, ValueList<IpAddress> addresses, string property)
    {
        for (var index = 0; index < addresses.Count; index++)
        {
            errors.Require(
                addresses[index] is { IsAny: false, IsLoopback: false },
                $"{property}[{index}]",
                $"'{addresses[index]}' must be one address that pods can reach, neither 0.0.0.0 nor the loopback's: answers have to leave from it");
        }
    }
}

/// <summary>A name and its addresses, an entry of <c>dns.hosts</c>.</summary>
public sealed record HostOptions
{
    /// <summary>The whole name.</summary>
    public string Name { get; init; } = "";

    /// <summary>What it leads to, and what leads to it.</summary>
    public ValueList<IpAddress> Addresses { get; init; }
}

/// <summary>DNS by TCP, config section <c>dns.tcp</c>.</summary>
public sealed record TcpOptions
{
    /// <summary>Connections at once. Default 1024: each costs some kilobytes; TCP is for the few answers that UDP does not carry.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>Connections at once from one client. Default 64, so that one cannot take all.</summary>
    public int MaxConnectionsPerClient { get; init; } = 64;

    /// <summary>Queries of one connection that may wait for their answers; it is not read further meanwhile. Default 64.</summary>
    public int MaxPending { get; init; } = 64;

    /// <summary>How long a connection may be silent, and how long a client may take to accept an answer. Default 10s: RFC 7766 §6.2.3 wants
    /// seconds.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(10);

    internal void Validate(OptionErrors errors)
    {
        errors.Require(MaxConnections is >= 1 and <= 100_000, "Tcp.MaxConnections", "must be from 1 to 100000");
        errors.Require(MaxConnectionsPerClient >= 1, "Tcp.MaxConnectionsPerClient", "must be at least 1");
        errors.Require(MaxPending is >= 1 and <= 1000, "Tcp.MaxPending", "must be from 1 to 1000");
        errors.Require(IdleTimeout >= TimeSpan.FromSeconds(1) && IdleTimeout <= TimeSpan.FromMinutes(10), "Tcp.IdleTimeout", "must be from 1s to 10m");
    }
}
