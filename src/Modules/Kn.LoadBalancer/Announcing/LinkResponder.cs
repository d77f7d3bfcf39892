using Kn.Hosting.Modules;
using Kn.Linux;
using Kn.Linux.Namespaces;
using Kn.Linux.Neighbourhood;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.LoadBalancer.Announcing;

/// <summary>Answers for addresses on one link. Its sockets are stored, so that a question that comes while the agent restarts waits for the answer.</summary>
internal sealed class LinkResponder : IDisposable
{
    private readonly Link _link;
    private readonly IStoredSockets _stored;
    private readonly LoadBalancerMetrics _metrics;
    private readonly Action<Link, IpAddress, MacAddress> _onConflict;
    private readonly NeighbourListener _arp;
    private readonly NeighbourListener? _nd;
    private readonly MulticastMember? _groups;
    private readonly MacAddress _mac;
    private HashSet<IpAddress> _addresses;

    /// <summary>Answers from now on.</summary>
    /// <param name="link">Where; it has an Ethernet address.</param>
    /// <param name="source">The link's own IPv6 address; null where it has none, and where nothing is told of IPv6 then.</param>
    /// <param name="addresses">What it answers for.</param>
    /// <param name="environment">The rest.</param>
    /// <exception cref="LinuxException">The link is gone, or no sockets are allowed.</exception>
    public LinkResponder(Link link, IpAddress? source, HashSet<IpAddress> addresses, ResponderEnvironment environment)
    {
        _link = link;
        _mac = link.Mac ?? default;
        _addresses = addresses;
        _stored = environment.Stored;
        _metrics = environment.Metrics;
        _onConflict = environment.OnConflict;
        var arpFilter = PacketFilter.Arp(environment.Ranges);
        _groups = source is null ? null : Groups(environment.Inside);
        _arp = NeighbourListener.Start(Open(ArpName, arpFilter, () => PacketSocket.OpenArp(link.Index, arpFilter, environment.Inside)), Handle);
        var ndFilter = PacketFilter.NeighbourDiscovery();
        _nd = source is null
            ? null
            : NeighbourListener.Start(Open(NdName, ndFilter, () => PacketSocket.OpenNeighbourDiscovery(link.Index, ndFilter, environment.Inside)), Handle);
        Join(addresses, []);
    }

    /// <summary>The link.</summary>
    public Link Link => _link;

    /// <summary>True when it can answer for IPv6 addresses.</summary>
    public bool HasIpv6 => _nd is not null;

    private string ArpName => $"loadBalancer-arp-{_link.Name}";

    private string NdName => $"loadBalancer-nd-{_link.Name}";

    private string GroupsName => $"loadBalancer-groups-{_link.Name}";

    /// <summary>Sets what it answers for.</summary>
    public void Set(HashSet<IpAddress> addresses)
    {
        var before = _addresses;
        Join(addresses, before);
        Volatile.Write(ref _addresses, addresses);
        foreach (var gone in before.Where(address => address.Family == IpFamily.V6 && !addresses.Contains(address)))
        {
            // Another address may share the group.
            var group = NdFrame.SolicitedNode(gone);
            if (!addresses.Any(address => address.Family == IpFamily.V6 && NdFrame.SolicitedNode(address) == group))
            {
                _groups?.Leave(group);
            }
        }
    }

    /// <summary>Tells everybody on the link that the address is here.</summary>
    public void Tell(IpAddress address)
    {
        Span<byte> frame = stackalloc byte[NdFrame.Bytes];
        if (address.Family == IpFamily.V6)
        {
            NdFrame.WriteUnsolicited(frame, address, _mac, address);
            _nd?.Socket.TrySend(frame);
        }
        else
        {
            var arp = frame[..ArpFrame.Bytes];
            ArpFrame.WriteGratuitous(arp, address, _mac, asReply: false);
            _arp.Socket.TrySend(arp);
            ArpFrame.WriteGratuitous(arp, address, _mac, asReply: true);
            _arp.Socket.TrySend(arp);
        }

        _metrics.Gratuitous.Increment();
    }

    /// <summary>Stops for good: the next agent finds nothing stored.</summary>
    public void Remove()
    {
        foreach (var name in (ReadOnlySpan<string>)[ArpName, NdName, GroupsName])
        {
            _stored.Remove(name);
        }

        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _arp.Dispose();
        _nd?.Dispose();
        _groups?.Dispose();
    }

    private void Join(HashSet<IpAddress> addresses, HashSet<IpAddress> before)
    {
        foreach (var address in addresses.Where(address => address.Family == IpFamily.V6 && !before.Contains(address)))
        {
            try
            {
                _groups?.Join(NdFrame.SolicitedNode(address));
            }
            catch (LinuxException error) when (error.Errno == Errno.ENOBUFS)
            {
                // More groups than net.core.optmem_max allows: then whatever multicast the switch brings.
                _nd?.Socket.TakeAllMulticast();
            }
        }
    }

    private PacketSocket Open(string name, byte[] filter, Func<PacketSocket> open)
    {
        if (_stored.Take(name) is { } handle)
        {
            try
            {
                return PacketSocket.Adopt(handle, _link.Index, filter);
            }
            catch (LinuxException)
            {
                // Of another link that had this name.
                handle.Dispose();
                _stored.Remove(name);
            }
        }

        var socket = open();
        _stored.Store(name, socket.Handle);
        return socket;
    }

    private MulticastMember Groups(NetworkNamespace? inside)
    {
        if (_stored.Take(GroupsName) is { } handle)
        {
            return MulticastMember.Adopt(handle, _link.Index);
        }

        var member = MulticastMember.Open(_link.Index, inside);
        _stored.Store(GroupsName, member.Handle);
        return member;
    }

    /// <summary>On a listener's thread.</summary>
    private void Handle(PacketSocket socket, NeighbourMessage message)
    {
        if (message.FrameSource == _mac || message.SenderMac == _mac || !Volatile.Read(ref _addresses).Contains(message.Target))
        {
            return;
        }

        if (message.IsClaim)
        {
            _metrics.Conflicts.Increment();
            _onConflict(_link, message.Target, message.SenderMac);
            return;
        }

        Span<byte> frame = stackalloc byte[NdFrame.Bytes];
        if (message.Target.Family == IpFamily.V6)
        {
            // From the address itself, as a kernel that has it does: ndisc6 hears no link-local source for a global address.
            NdFrame.WriteReply(frame, message.Target, _mac, message.Target, message);
        }
        else
        {
            frame = frame[..ArpFrame.Bytes];
            ArpFrame.WriteReply(frame, message.Target, _mac, message);
        }

        if (socket.TrySend(frame))
        {
            _metrics.Answers.Increment();
        }
    }
}

/// <summary>What a responder is made with beside its link.</summary>
/// <param name="Ranges">The IPv4 addresses that questions can be for.</param>
/// <param name="Stored">Where sockets outlive the process.</param>
/// <param name="Metrics">Counts answers.</param>
/// <param name="OnConflict">Told, on a thread of its own, who claims an address.</param>
/// <param name="Inside">The network namespace; null for this one.</param>
internal sealed record ResponderEnvironment(
    IReadOnlyList<IpRange> Ranges, IStoredSockets Stored, LoadBalancerMetrics Metrics, Action<Link, IpAddress, MacAddress> OnConflict, NetworkNamespace? Inside);
