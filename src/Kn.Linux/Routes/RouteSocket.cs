using System.Text;
using Kn.Linux.Interop;
using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;
using Kn.Primitives;

namespace Kn.Linux.Routes;

/// <summary>Links, addresses, routes, neighbours, FDB, rules and qdiscs of one network namespace, over rtnetlink.</summary>
/// <remarks>Open it once, inside the namespace if need be, and use it from any thread. Changes throw <see cref="NetlinkException"/>
/// when the kernel refuses; an Ensure or Remove that finds things as they should be has succeeded. rtnetlink(7).</remarks>
public sealed class RouteSocket : IDisposable
{
    private const int OneMessageBytes = 512;
    private readonly NetlinkSocket _socket;

    internal RouteSocket(NetlinkSocket socket) => _socket = socket;

    private delegate void Encoder<in TArgument>(ref NetlinkWriter writer, TArgument argument);

    /// <summary>The kernel's name for this socket: <see cref="RouteEvent.CausedBy"/> of what it changes.</summary>
    public uint PortId => _socket.PortId;

    /// <summary>Opens a socket here, or inside another network namespace.</summary>
    public static RouteSocket Open(NetworkNamespace? inside = null) => new(NetlinkSocket.Open(NetlinkProtocol.Route, inside));

    /// <summary>The link of this name; null when there is none.</summary>
    public Link? FindLink(string name) => LinkMessages.IsPossibleName(name) ? FindLink($"find link {name}", 0, name) : null;

    /// <summary>The link of this index; null when there is none.</summary>
    public Link? FindLink(int index) => FindLink($"find link #{index}", index, null);

    /// <summary>The index of a link that was just made; null when it is gone already.</summary>
    /// <remarks>SIOCGIFINDEX takes no lock, while an RTM_GETLINK waits for whoever changes links or routes at the time. For a name that
    /// nobody has the kernel looks for a module netdev-NAME, so <see cref="FindLink(string)"/> is for links that may be absent.</remarks>
    public int? FindLinkIndex(string name)
    {
        if (_socket.Handle is not { } handle || !LinkMessages.IsPossibleName(name))
        {
            return FindLink(name)?.Index;
        }

        var request = default(InterfaceRequest);
        Encoding.UTF8.GetBytes(name, request.Name);
        if (Libc.ioctl(handle, Libc.SIOCGIFINDEX, ref request) >= 0)
        {
            return request.Index;
        }

        return Libc.LastError == Errno.ENODEV ? null : throw new LinuxException($"find link {name}", Libc.LastError);
    }

    /// <summary>Every link.</summary>
    public IReadOnlyList<Link> ReadLinks() =>
        Dump<Link, object?>("read links", static (ref NetlinkWriter writer, object? _) => LinkMessages.WriteDump(ref writer), null, LinkMessages.Read);

    /// <summary>Makes a veth pair, its other end in another namespace when the spec says so.</summary>
    /// <exception cref="NetlinkException">EEXIST: a name is taken.</exception>
    public void CreateVeth(VethLink spec) => Change(new CreateLink(spec));

    /// <summary>Makes a bridge.</summary>
    /// <exception cref="NetlinkException">EEXIST: the name is taken.</exception>
    public void CreateBridge(BridgeLink spec) => Change(new CreateLink(spec));

    /// <summary>Makes a VXLAN.</summary>
    /// <exception cref="NetlinkException">EEXIST: the name is taken, or another VXLAN has this identifier and port.</exception>
    public void CreateVxlan(VxlanLink spec) => Change(new CreateLink(spec));

    /// <summary>Makes a dummy link.</summary>
    /// <returns>False where the kernel has none.</returns>
    /// <exception cref="NetlinkException">EEXIST: the name is taken.</exception>
    public bool TryCreateDummy(string name)
    {
        var failures = Apply([new CreateLink(new DummyLink { Name = name })]);
        return failures.Count == 0 || (failures[0].Error.Errno == Errno.EOPNOTSUPP ? false : throw failures[0].Error);
    }

    /// <summary>Changes properties of a link.</summary>
    /// <exception cref="NetlinkException">ENODEV: no such link.</exception>
    public void ChangeLink(int index, LinkChange change) => Change(new ChangeLink(index, change));

    /// <summary>Removes a link.</summary>
    public void RemoveLink(int index) => Change(new RemoveLink(index));

    /// <summary>Removes links in one batch.</summary>
    /// <exception cref="NetlinkException">The first refusal, after all were tried.</exception>
    public void RemoveLinks(IEnumerable<int> indexes) => ThrowFirst(Apply([.. indexes.Select(static index => new RemoveLink(index))]));

    /// <summary>Removes every link of a group, all at once; an empty group is success.</summary>
    public void RemoveLinksOfGroup(uint group) => Change(new RemoveLinkGroup(group));

    /// <summary>Gives a link an address.</summary>
    public void EnsureAddress(int linkIndex, LinkAddress address) => Change(new EnsureAddress(linkIndex, address));

    /// <summary>Takes an address from a link.</summary>
    public void RemoveAddress(int linkIndex, LinkAddress address) => Change(new RemoveAddress(linkIndex, address));

    /// <summary>Every address, or those of one link.</summary>
    public IReadOnlyList<LinkAddress> ReadAddresses(int? linkIndex = null) =>
        Dump<LinkAddress, int?>("read addresses", AddressMessages.WriteDump, linkIndex, AddressMessages.Read);

    /// <summary>Makes a route, or replaces the one of the same table, destination and metric.</summary>
    /// <exception cref="NetlinkException">ENETUNREACH: nothing leads to the gateway. ENETDOWN: the link is down.</exception>
    public void EnsureRoute(Route route) => Change(new EnsureRoute(route));

    /// <summary>Removes a route.</summary>
    public void RemoveRoute(Route route) => Change(new RemoveRoute(route));

    /// <summary>Routes of every table, the kernel's own included, unless the filter says otherwise.</summary>
    public IReadOnlyList<Route> ReadRoutes(RouteFilter? filter = null)
    {
        try
        {
            var routes = Dump<Route, RouteFilter?>("read routes", RouteMessages.WriteDump, filter, RouteMessages.Read);
            if (filter is not null)
            {
                // IPv6 filters by what its tables can tell cheaply; the rest is left to us.
                routes.RemoveAll(route => !filter.Matches(route));
            }

            return routes;
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV && filter is not null)
        {
            // A table that was never used, a link that is gone.
            return [];
        }
    }

    /// <summary>Makes or replaces a neighbour.</summary>
    public void EnsureNeighbour(Neighbour neighbour) => Change(new EnsureNeighbour(neighbour));

    /// <summary>Removes a neighbour by link and address.</summary>
    public void RemoveNeighbour(Neighbour neighbour) => Change(new RemoveNeighbour(neighbour));

    /// <summary>Neighbours, those that the kernel learned included.</summary>
    public IReadOnlyList<Neighbour> ReadNeighbours(NeighbourFilter? filter = null) =>
        Dump<Neighbour, NeighbourFilter?>("read neighbours", NeighbourMessages.WriteDump, filter, NeighbourMessages.Read);

    /// <summary>Makes or replaces an FDB entry.</summary>
    public void EnsureFdbEntry(FdbEntry entry) => Change(new EnsureFdbEntry(entry));

    /// <summary>Removes an FDB entry.</summary>
    public void RemoveFdbEntry(FdbEntry entry) => Change(new RemoveFdbEntry(entry));

    /// <summary>FDB entries of every bridge port and VXLAN, or of one link.</summary>
    public IReadOnlyList<FdbEntry> ReadFdb(int? linkIndex = null) =>
        Dump<FdbEntry, int?>("read the FDB", NeighbourMessages.WriteFdbDump, linkIndex, NeighbourMessages.ReadFdb);

    /// <summary>Makes a rule.</summary>
    public void EnsureRule(Rule rule) => Change(new EnsureRule(rule));

    /// <summary>Removes a rule.</summary>
    public void RemoveRule(Rule rule) => Change(new RemoveRule(rule));

    /// <summary>Every rule, or those of one family.</summary>
    public IReadOnlyList<Rule> ReadRules(IpFamily? family = null) =>
        Dump<Rule, IpFamily?>("read rules", RuleMessages.WriteDump, family, RuleMessages.Read);

    /// <summary>Every qdisc, or those of one link.</summary>
    public IReadOnlyList<Qdisc> ReadQdiscs(int? linkIndex = null) =>
        [.. Dump<Qdisc, int?>("read qdiscs", QdiscMessages.WriteDump, linkIndex, QdiscMessages.Read).Where(qdisc => linkIndex is null || qdisc.LinkIndex == linkIndex)];

    /// <summary>The BPF filters of a link in one direction, in the order in which they are asked; none where nothing can hang on it.</summary>
    public IReadOnlyList<BpfFilter> ReadBpfFilters(int linkIndex, TrafficDirection direction)
    {
        try
        {
            return Dump<BpfFilter, (int, TrafficDirection)>("read filters", FilterMessages.WriteDump, (linkIndex, direction), FilterMessages.Read);
        }
        catch (NetlinkException e) when (e.Errno is Errno.ENODEV or Errno.EINVAL)
        {
            return [];
        }
    }

    /// <summary>Makes many changes at once, in order; a refused one does not stop the others.</summary>
    /// <returns>Those that were refused; empty when all went well.</returns>
    public IReadOnlyList<RouteFailure> Apply(IReadOnlyList<RouteChange> changes)
    {
        var failures = Send(changes);
        var aliases = changes
            .OfType<CreateLink>()
            .Where(change => change.Link.Alias is not null && failures.TrueForAll(failure => !ReferenceEquals(failure.Change, change)))
            .Select(static change => new SetLinkAlias(change.Link.Name, change.Link.Alias ?? ""))
            .ToList();
        if (aliases.Count > 0)
        {
            failures.AddRange(Send(aliases));
        }

        return failures;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private List<RouteFailure> Send(IReadOnlyList<RouteChange> changes)
    {
        var writer = new NetlinkWriter(stackalloc byte[OneMessageBytes]);
        try
        {
            foreach (var change in changes)
            {
                change.Write(ref writer);
            }

            var failures = new List<RouteFailure>();
            foreach (var (index, error) in _socket.Batch(ref writer, index => changes[index].Operation))
            {
                if (!changes[index].IsDoneAlready(error.Errno))
                {
                    failures.Add(new RouteFailure(changes[index], error));
                }
            }

            return failures;
        }
        finally
        {
            writer.Dispose();
        }
    }

    private void Change(RouteChange change) => ThrowFirst(Apply([change]));

    private static void ThrowFirst(IReadOnlyList<RouteFailure> failures)
    {
        if (failures.Count > 0)
        {
            throw failures[0].Error;
        }
    }

    private Link? FindLink(string operation, int index, string? name)
    {
        var writer = new NetlinkWriter(stackalloc byte[OneMessageBytes]);
        LinkMessages.WriteGet(ref writer, index, name);
        try
        {
            return _socket.Get<Link>(operation, ref writer, LinkMessages.Read);
        }
        catch (NetlinkException e) when (e.Errno == Errno.ENODEV)
        {
            return null;
        }
    }

    private List<T> Dump<T, TArgument>(string operation, Encoder<TArgument> encode, TArgument argument, NetlinkDecoder<T> decode)
    {
        var writer = new NetlinkWriter(stackalloc byte[OneMessageBytes]);
        encode(ref writer, argument);
        return _socket.Dump(operation, ref writer, decode);
    }
}
