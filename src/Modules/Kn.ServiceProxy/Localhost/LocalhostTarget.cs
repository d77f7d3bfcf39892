using Kn.Hosting;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Linux.Namespaces;
using Kn.Linux.Routes;
using Kn.Linux.Sysctl;
using Kn.Primitives;

namespace Kn.ServiceProxy.Localhost;

/// <summary>Lets translated connections of 127.0.0.1 and ::1 leave the node and their answers come back.</summary>
/// <remarks>
/// <para>IPv4: <c>net.ipv4.conf.all.route_localnet</c>, without which the kernel neither sends from 127.0.0.0/8 nor takes an answer for it
/// (Documentation/networking/ip-sysctl.rst). The proxy's table drops what the wire sends to or from there; it must be in place first.</para>
/// <para>Nothing tells when somebody else puts it back: RTNLGRP_IPV4_NETCONF is told of forwarding, rp_filter and the like only
/// (devinet_conf_proc, net/ipv4/devinet.c), and inotify sees a write to /proc/sys only by the same mount of proc, not one from a privileged
/// container. So it is read every half a minute, which costs nothing.</para>
/// <para>IPv6 has no such setting, and looks for ::1 only on the link that a packet came by: so every link gets a route
/// <c>local ::1/128</c>. Packets from the wire to or from ::1 the kernel drops by itself, before any hook.</para>
/// </remarks>
/// <param name="routes">Opened in the node's network namespace.</param>
/// <param name="folder">Where the setting's earlier value is kept, so that it can be put back.</param>
/// <param name="inside">The node's network namespace; null for this thread's.</param>
internal sealed class LocalhostTarget(RouteSocket routes, string folder, NetworkNamespace? inside) : ITarget<LocalhostKey, LocalhostPiece>
{
    private const string Setting = "net.ipv4.conf.all.route_localnet";

    /// <summary>Metrics of these routes begin here, so that the loopback link's own, without a metric, is preferred to them.</summary>
    private const uint FirstMetric = 100_000;

    private static readonly IpPrefix Loopback = IpPrefix.Parse("::1/128");

    private string Earlier => Path.Combine(folder, "route-localnet-before");

    /// <inheritdoc/>
    public string Name => "localhost";

    /// <inheritdoc/>
    public IEnumerable<LocalhostKey> Keys(ClusterSnapshot cluster) => [LocalhostKey.RouteLocalnet];

    /// <inheritdoc/>
    public void AddAffectedKeys(ClusterSnapshot cluster, ObjectChange change, ISet<LocalhostKey> keys)
    {
    }

    /// <inheritdoc/>
    public LocalhostPiece? Plan(ClusterSnapshot cluster, LocalhostKey key, Problems problems) => new("1");

    /// <inheritdoc/>
    public Task<ValueMap<LocalhostKey, LocalhostPiece>> ReadAsync(CancellationToken cancellationToken) =>
        Task.FromResult(ValueMap.Of((LocalhostKey.RouteLocalnet, new LocalhostPiece(Read()))));

    /// <inheritdoc/>
    public Task ApplyAsync(Changes<LocalhostKey, LocalhostPiece> changes, CancellationToken cancellationToken)
    {
        foreach (var (_, before, after) in changes.All)
        {
            if (after is not null)
            {
                // First the note, then the change: whoever is killed between leaves a note too many, which says the truth.
                Directory.CreateDirectory(folder);
                File.WriteAllText(Earlier, before?.RouteLocalnet ?? "0");
                Write(after.RouteLocalnet);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Links come and go with pods: each gets its route. A link without IPv6 refuses, and needs none.</summary>
    public void Settled()
    {
        var present = Ours().Select(static route => route.LinkIndex).ToHashSet();
        var missing = routes.ReadLinks()
            .Where(link => link.IsUp && !link.Flags.HasFlag(LinkFlags.Loopback) && !present.Contains(link.Index))
            .Select(static link => new EnsureRoute(ToRoute(link.Index)))
            .ToArray();
        routes.Apply(missing);
    }

    /// <inheritdoc/>
    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var route in Ours())
        {
            routes.RemoveRoute(route);
        }

        if (File.Exists(Earlier))
        {
            Write(File.ReadAllText(Earlier).Trim());
            File.Delete(Earlier);
        }

        return Task.CompletedTask;
    }

    private IEnumerable<Route> Ours() => routes
        .ReadRoutes(new RouteFilter(IpFamily.V6, RouteTable.Local, NodeResources.RouteProtocol))
        .Where(static route => route.Destination == Loopback);

    private static Route ToRoute(int link) => new()
    {
        Destination = Loopback,
        LinkIndex = link,
        Table = RouteTable.Local,
        Type = RouteType.Local,
        Protocol = NodeResources.RouteProtocol,
        Metric = FirstMetric + (uint)link,
    };

    private string Read() => (inside is null ? Sysctl.Read(Setting) : Sysctl.Read(Setting, inside)) ?? "";

    private void Write(string value)
    {
        if (inside is null)
        {
            Sysctl.Ensure(Setting, value);
        }
        else
        {
            Sysctl.Write(Setting, value, inside);
        }
    }
}

/// <summary>What is kept for NodePorts on localhost.</summary>
internal enum LocalhostKey
{
    /// <summary>The kernel's setting.</summary>
    RouteLocalnet,
}

/// <summary>The state of that.</summary>
/// <param name="RouteLocalnet">The setting's value.</param>
internal sealed record LocalhostPiece(string RouteLocalnet);
