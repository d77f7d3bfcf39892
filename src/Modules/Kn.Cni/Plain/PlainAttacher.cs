using Kn.Cni.Attaching;
using Kn.Cni.Ipam;
using Kn.Cni.Plain.HostLocal;
using Kn.Cni.Plain.Table;
using Kn.Cni.PortMaps;
using Kn.Cni.Protocol;
using Kn.Linux;
using Kn.Linux.Conntrack;
using Kn.Linux.Namespaces;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;
using Kn.Linux.Sysctl;
using Kn.Primitives;

namespace Kn.Cni.Plain;

/// <summary>Attaches containers of networks without an agent, checks them and takes them away. For one call in the runtime's own process.</summary>
/// <remarks>The order of ADD: addresses, link, container, host, table, answer. What fails undoes what was done; what a killed process leaves
/// behind is found again by container and interface alone, so the DEL that the runtime owes after a failed ADD, or GC, takes it away.</remarks>
internal sealed class PlainAttacher : IDisposable
{
    /// <summary>Somebody who does not know our lock may remove the bridge just before we plug in.</summary>
    private const int MostPlugAttempts = 5;

    private readonly RouteSocket _host;
    private readonly PodLinks _links;
    private readonly PlainBridges _bridges;
    private readonly NftSocket _nft;
    private readonly PlainTable _table;

    /// <summary>Opens the sockets, in the namespace of the calling thread.</summary>
    public PlainAttacher()
    {
        _host = RouteSocket.Open();
        _links = new PodLinks(_host);
        _bridges = new PlainBridges(_host);
        _nft = NftSocket.Open();
        _table = new PlainTable(_nft);
    }

    /// <summary>Called before each step of ADD; a test throws from it.</summary>
    public Action<PlainStep>? BeforeStep { get; init; }

    /// <summary>For tests: false leaves what a failed ADD had done, as a killed process does.</summary>
    public bool UndoesFailures { get; init; } = true;

    /// <summary>Attaches a container.</summary>
    /// <exception cref="CniException">What is wrong; nothing is left behind.</exception>
    /// <exception cref="LinuxException">The kernel refused; nothing is left behind.</exception>
    public CniResult Add(CniRequest request, PlainNetwork network)
    {
        using var container = _links.OpenPod(request.NamespacePath);
        BeforeStep?.Invoke(PlainStep.Reserve);
        var addresses = Reserve(request, network);
        var attachment = Describe(request, addresses.Select(static address => address.Address).ToValueList());
        var hasLink = false;
        try
        {
            BeforeStep?.Invoke(PlainStep.Plug);
            var (plan, index) = Plug(network, attachment, addresses, container);
            hasLink = true;
            BeforeStep?.Invoke(PlainStep.ConfigureContainer);
            PodLinks.ConfigurePod(plan, container);
            BeforeStep?.Invoke(PlainStep.ConfigureHost);
            _links.ConfigureHost(plan, index);
            Forwarding.Enable();
            BeforeStep?.Invoke(PlainStep.ChangeTable);
            Publish(network, attachment, addresses);
            BeforeStep?.Invoke(PlainStep.Answer);
            var result = plan.Result(request.NamespacePath, request.Dns ?? ResolvConf.Read(network.Ipam.ResolvConf));
            return request.Config.PreviousResult?.Append(result) ?? result;
        }
        catch when (UndoesFailures)
        {
            Remove(network, request.Key, attachment.Addresses, withLink: hasLink);
            throw;
        }
    }

    /// <summary>Takes a container away. What is not there is no error.</summary>
    public void Remove(PlainNetwork network, AttachmentKey key)
    {
        ValueList<IpAddress> addresses;
        using (var store = ReservationStore.OpenExisting(network.Ipam.DataDirectory, network.Name))
        {
            addresses = store?.AddressesOf(key) ?? default;
        }

        Remove(network, key, addresses, withLink: true);
    }

    /// <summary>Takes away what is known of a container, by its addresses.</summary>
    public void Remove(PlainNetwork network, AttachmentKey key, ValueList<IpAddress> addresses) => Remove(network, key, addresses, withLink: true);

    /// <summary>Removes what no reservation leads to any more: ports and links of a network's containers but those to keep.</summary>
    public void RemoveStrays(PlainNetwork network, IReadOnlySet<AttachmentKey> valid)
    {
        _table.RemovePorts(network.Name, valid.Select(key => PortMapOwner.CommentOf(network.Name, key)).ToHashSet(StringComparer.Ordinal));
        var names = valid.Select(static key => PodLinkNames.HostLink(key, LinkOwner.Plain.Prefix)).ToHashSet(StringComparer.Ordinal);
        _host.RemoveLinks(_host.ReadLinks()
            .Where(link => link.Group == LinkOwner.Plain.Group && link.Alias?.StartsWith(PlainPlans.PrefixOf(network.Name), StringComparison.Ordinal) == true && !names.Contains(link.Name))
            .Select(static link => link.Index));
    }

    /// <summary>Compares an attachment with the kernel and the reservations.</summary>
    /// <exception cref="CniException">Code 103 with the first thing that is missing or wrong, all of them in the details.</exception>
    public void Check(CniRequest request, PlainNetwork network)
    {
        var expected = request.Config.PreviousResult
            ?? throw new CniException(CniErrorCode.InvalidConfig, "prevResult: CHECK needs the result of the ADD");
        using var container = _links.OpenPod(request.NamespacePath);
        var addresses = FindReserved(request.Key, network);
        var inside = ReadInside(container, request.Key.InterfaceName);
        var port = network.Attachment == AttachmentMode.Bridge ? PlainBridges.Describe(network, _host.FindLink(network.Bridge), addresses) : null;
        var attachment = Describe(request, addresses.Select(static address => address.Address).ToValueList());
        var plan = PlainPlans.Of(network, attachment, addresses, port, inside.Link?.Mtu ?? 0);
        var faults = AttachmentCheck.InPod(plan, expected, request.NamespacePath, inside)
            .Concat(AttachmentCheck.OnHost(plan, _links.ReadHostEnd(plan.HostLink)))
            .Concat(network.Attachment == AttachmentMode.Bridge ? _bridges.Check(network, addresses) : [])
            .Concat(_table.FindMissing(Entry(network, attachment, addresses)))
            .ToList();
        if (faults.Count > 0)
        {
            throw new CniException(CniErrorCode.CheckFailed, faults[0], faults.Count > 1 ? string.Join("; ", faults) : null);
        }
    }

    /// <summary>Says whether an ADD could work.</summary>
    /// <exception cref="CniException">Code 50: it could not.</exception>
    public static void RequireAvailable(PlainNetwork network)
    {
        using var store = ReservationStore.Open(network.Ipam.DataDirectory, network.Name);
        var busy = store.ReadAddresses();
        foreach (var set in network.Ipam.RangeSets)
        {
            if ((UInt128)(ulong)busy.Count >= set.Size && set.After(null).All(candidate => busy.Contains(candidate.Address)))
            {
                throw new CniException(CniErrorCode.NotAvailable, $"no free address is left in {set}");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _links.Dispose();
        _nft.Dispose();
    }

    private static ValueList<LocalAddress> Reserve(CniRequest request, PlainNetwork network)
    {
        using var store = ReservationStore.Open(network.Ipam.DataDirectory, network.Name);
        return AddressReservations.Take(store, network.Ipam.RangeSets, request.Key, request.RequestedIps);
    }

    private static ValueList<LocalAddress> FindReserved(AttachmentKey key, PlainNetwork network)
    {
        using var store = ReservationStore.OpenExisting(network.Ipam.DataDirectory, network.Name);
        var found = (store?.AddressesOf(key) ?? default)
            .Select(address => network.Ipam.RangeSets.Select(set => set.Find(address)).FirstOrDefault(static found => found is not null))
            .OfType<LocalAddress>().ToValueList();
        return found.IsEmpty
            ? throw new CniException(CniErrorCode.CheckFailed, $"container {key.ContainerId} has no address for its interface {key.InterfaceName} in this network")
            : found;
    }

    private static PodState ReadInside(NetworkNamespace container, string interfaceName) => container.Run(() =>
    {
        using var socket = RouteSocket.Open();
        return PodState.Read(socket, interfaceName);
    });

    private static Attachment Describe(CniRequest request, ValueList<IpAddress> addresses) => new()
    {
        Key = request.Key,
        Network = request.Config.Name,
        NamespacePath = request.NamespacePath,
        Pod = request.Arguments.Pod,
        Addresses = addresses,
        Mac = request.RequestedMac,
        PortMappings = request.Config.RuntimeConfig.PortMappings,
        Bandwidth = request.Config.RuntimeConfig.Bandwidth,
    };

    private static TableEntry Entry(PlainNetwork network, Attachment attachment, ValueList<LocalAddress> addresses) => new(
        network.Masquerade ? addresses : default,
        PortMapElements.Of(PortMapOwner.CommentOf(network.Name, attachment.Key), attachment.Addresses, attachment.PortMappings).ToValueList());

    private void Publish(PlainNetwork network, Attachment attachment, ValueList<LocalAddress> addresses)
    {
        if (PortMapElements.FindUnservable(attachment.Addresses, attachment.PortMappings) is { } unservable)
        {
            throw new CniException(CniErrorCode.InvalidConfig, $"runtimeConfig.portMappings: {unservable} needs an address of that family, and the container has none");
        }

        _table.Add(Entry(network, attachment, addresses));
        ForgetFlows(StaleUdpFlows.BeforeAdded(attachment));
    }

    private static void ForgetFlows(IReadOnlyList<ConntrackFilter> filters)
    {
        if (filters.Count > 0)
        {
            using var conntrack = ConntrackSocket.Open();
            conntrack.Delete(filters);
        }
    }

    private (AttachmentPlan Plan, int LinkIndex) Plug(PlainNetwork network, Attachment attachment, ValueList<LocalAddress> addresses, NetworkNamespace container)
    {
        using var turn = network.Attachment == AttachmentMode.Bridge ? PlainBridges.Enter() : null;
        var mtu = network.Mtu ?? _links.ReadUnderlayMtu();
        for (var attempt = 1; ; attempt++)
        {
            var port = network.Attachment == AttachmentMode.Bridge ? _bridges.Ensure(network, addresses, mtu) : null;
            var plan = PlainPlans.Of(network, attachment, addresses, port, mtu);
            try
            {
                return (plan, _links.Create(plan, container));
            }
            catch (LinuxException error) when (error.Errno == Errno.EEXIST)
            {
                throw new CniException(CniErrorCode.AlreadyAttached, $"the container has an interface {attachment.Key.InterfaceName} already", error.Message, error);
            }
            catch (LinuxException) when (port is not null && attempt < MostPlugAttempts && _host.FindLink(port.BridgeIndex) is null)
            {
                // Made anew.
            }
        }
    }

    private void Remove(PlainNetwork network, AttachmentKey key, ValueList<IpAddress> addresses, bool withLink)
    {
        if (_table.Remove(PortMapOwner.CommentOf(network.Name, key), addresses))
        {
            ForgetFlows([.. addresses.Select(static address => new ConntrackFilter { Family = address.Family, Protocol = (byte)IpProtocol.Udp, ReplySource = IpPrefix.Of(address) })]);
        }

        if (withLink)
        {
            Unplug(network, key);
        }

        // Only now: nobody else may get an address that a link still has.
        if (Release(network, addresses))
        {
            _table.RemoveUnused();
        }
    }

    private void Unplug(PlainNetwork network, AttachmentKey key)
    {
        var link = _host.FindLink(PodLinkNames.HostLink(key, LinkOwner.Plain.Prefix));
        if (link is not null)
        {
            _host.RemoveLink(link.Index);
        }

        // Where the link went with the container's namespace, only the configuration says which bridge it was on.
        if ((link is null ? _host.FindLink(network.Bridge)?.Index : link.Master) is { } bridge and not 0)
        {
            _bridges.RemoveIfUnused(bridge);
        }
    }

    /// <returns>Whether the network has no container any more.</returns>
    private static bool Release(PlainNetwork network, ValueList<IpAddress> addresses)
    {
        using var store = ReservationStore.OpenExisting(network.Ipam.DataDirectory, network.Name);
        foreach (var address in addresses)
        {
            store?.Release(address);
        }

        return store is null || store.ReadAddresses().Count == 0;
    }
}

/// <summary>The steps of ADD, in order. Tests let each of them fail.</summary>
internal enum PlainStep
{
    Reserve,
    Plug,
    ConfigureContainer,
    ConfigureHost,
    ChangeTable,
    Answer,
}
