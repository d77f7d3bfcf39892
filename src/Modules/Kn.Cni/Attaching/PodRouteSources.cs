using Kn.Linux;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Attaching;

/// <summary>What the node itself sends to its pods from: its InternalIP of each family, while that is on one of its links. Thread-safe.</summary>
/// <remarks>Pods' links have no address of their own, so the kernel would choose among those of the other links: for IPv4 the first it comes
/// upon (inet_select_addr), for IPv6 the one that is most alike (RFC 6724 §5, rule 8), such as the tunnel's. Whoever asked a server on the
/// node's network by UDP would get an answer from an address that it never asked.</remarks>
internal sealed class PodRouteSources(RouteSocket host)
{
    private readonly Lock _lock = new();
    private ValueList<IpAddress> _internalIps;
    private ValueList<IpAddress> _current;

    /// <summary>One address a family at most.</summary>
    public ValueList<IpAddress> Current
    {
        get
        {
            lock (_lock)
            {
                return _current;
            }
        }
    }

    /// <summary>The node's InternalIPs, one a family.</summary>
    public ValueList<IpAddress> InternalIps
    {
        get
        {
            lock (_lock)
            {
                return _internalIps;
            }
        }
    }

    /// <summary>Takes these InternalIPs from now on.</summary>
    /// <returns>Whether routes to pods have to change.</returns>
    /// <exception cref="LinuxException">The kernel could not be read.</exception>
    public bool Use(ValueList<IpAddress> internalIps)
    {
        lock (_lock)
        {
            _internalIps = internalIps;
            return Refresh();
        }
    }

    /// <summary>Looks which of them are on the node now: the kernel takes no other for a route.</summary>
    /// <returns>Whether routes to pods have to change.</returns>
    /// <exception cref="LinuxException">The kernel could not be read.</exception>
    public bool Refresh()
    {
        lock (_lock)
        {
            var before = _current;
            var held = _internalIps.IsEmpty ? [] : host.ReadAddresses().Select(static address => address.Address).ToHashSet();
            _current = _internalIps.Where(held.Contains).ToValueList();
            return _current != before;
        }
    }

    /// <summary>Whether an address that came or went is one of them.</summary>
    public bool Concerns(IpAddress address) => InternalIps.Contains(address);
}
