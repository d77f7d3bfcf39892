using Kn.Linux.Nftables;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>Makes the state and the pieces of a table that was read. A Service port is adopted only if the table holds exactly the
/// elements that it should have; otherwise it counts as absent and its elements as strays, so that it is made anew in one batch
/// with their removal.</summary>
internal sealed class TableAdoption
{
    private readonly ProxyTableContent _content;
    private readonly BalanceClasses _classes;
    private readonly HashSet<ElementIdentity> _external = [];
    private readonly HashSet<IpAddress> _clusterIps = [];
    private readonly Dictionary<Vip, uint> _inner = [];
    private readonly Dictionary<Vip, uint> _outside = [];
    private readonly Dictionary<Vip, List<IpPrefix>> _ranges = [];
    private readonly Dictionary<(Vip Vip, uint List), (uint Traits, List<IpPrefix> Clients)> _contested = [];
    private readonly Dictionary<uint, SortedDictionary<uint, Slot>> _slots = [];
    private readonly Dictionary<uint, Slot> _backends = [];
    private readonly Dictionary<uint, ServiceList> _lists = [];
    private readonly Dictionary<ProxyKey, AdoptedPort> _ports = [];
    private readonly List<IpPrefix> _inside = [];
    private readonly List<IpPrefix> _elsewhere = [];
    private readonly List<IpAddress> _foreign = [];
    private readonly List<IpPrefix> _serviceCidrs = [];
    private uint _reserved;
    private uint _highest;

    private TableAdoption(ProxyTableContent content)
    {
        _content = content;
        _classes = BalanceClasses.Of(content.Classes);
    }

    /// <summary>What a table holds, in the plan's terms, and what is needed to go on from there.</summary>
    /// <param name="content">The table.</param>
    /// <param name="before">What was known of it: numbers given out since it was made are not given out again.</param>
    public static (TableState State, ValueMap<ProxyKey, ProxyPiece> Pieces) Adopt(ProxyTableContent content, TableState before)
    {
        var adoption = new TableAdoption(content);
        adoption._highest = before.HighestNumber;
        adoption.Index();
        adoption.CollectLists();
        adoption.CollectVips();
        return adoption.Finish();
    }

    private void Index()
    {
        foreach (var (set, element) in _content.Elements)
        {
            var family = set.Family() ?? IpFamily.V4;
            switch (set.Family() == IpFamily.V6 ? set - 1 : set)
            {
                case ProxySet.Inner4 when ElementReader.TryReadVip(element.Key, family, out var vip) && element.Data.Length == 4:
                    _inner[vip] = element.Data.ToUInt32();
                    break;
                case ProxySet.Outside4 when ElementReader.TryReadVip(element.Key, family, out var vip) && element.Data.Length == 4:
                    _outside[vip] = element.Data.ToUInt32();
                    break;
                case ProxySet.External4:
                    _external.Add(new ElementIdentity(set, element.Key));
                    break;
                case ProxySet.Ranges4 when ElementReader.TryReadRange(element, family, out var vip, out var clients):
                    (_ranges.TryGetValue(vip, out var ranges) ? ranges : _ranges[vip] = []).Add(clients);
                    break;
                case ProxySet.Contested4 when ElementReader.TryReadContested(element, family, out var vip, out var list, out var clients):
                    (_contested.TryGetValue((vip, list), out var claim) ? claim : _contested[(vip, list)] = (element.Data.ToUInt32(), [])).Clients.Add(clients);
                    break;
                case ProxySet.ClusterIps4 when element.Key.Length is 4 or 16:
                    _clusterIps.Add(IpAddress.FromBytes(element.Key.Bytes));
                    break;
                case ProxySet.Backends4 when element.Key.Length == 4 && ElementReader.TryReadEndpoint(element.Data, family, out var endpoint):
                    _backends[element.Key.ToUInt32()] = new Slot(endpoint, element.Key.ToUInt32(), IsOnNode(element));
                    _highest = Math.Max(_highest, element.Key.ToUInt32());
                    break;
                default:
                    IndexRest(set, element, family);
                    break;
            }
        }
    }

    private void IndexRest(ProxySet set, NftElement element, IpFamily family)
    {
        switch (family == IpFamily.V6 ? set - 1 : set)
        {
            case ProxySet.Endpoints4 when ElementReader.TryReadSlot(element.Key, out var list, out var slot)
                                          && ElementReader.TryReadEndpoint(element.Data, family, out var endpoint):
                SlotsOf(list)[slot] = new Slot(endpoint, 0, IsOnNode(element));
                break;
            case ProxySet.Inside4 when ElementReader.TryReadPrefix(element, family, out var prefix):
                _inside.Add(prefix);
                break;
            case ProxySet.Elsewhere4 when ElementReader.TryReadPrefix(element, family, out var prefix):
                _elsewhere.Add(prefix);
                break;
            case ProxySet.Foreign4 when element.Key.Length is 4 or 16:
                _foreign.Add(IpAddress.FromBytes(element.Key.Bytes));
                break;
            case ProxySet.ServiceCidrs4 when ElementReader.TryReadPrefix(element, family, out var prefix):
                _serviceCidrs.Add(prefix);
                break;
            default:
                break;
        }
    }

    private static bool IsOnNode(NftElement element) => string.Equals(element.Comment, ProxyElement.OnNodeComment, StringComparison.Ordinal);

    private SortedDictionary<uint, Slot> SlotsOf(uint list) =>
        _slots.TryGetValue(list, out var slots) ? slots : _slots[list] = [];

    private void CollectLists()
    {
        CollectChoices();
        foreach (var element in _content.Elements.Where(static element => element.Set == ProxySet.Lists).Select(static element => element.Element))
        {
            if (element.Key.Length != 4 || element.Data.Length != 4)
            {
                continue;
            }

            var (number, balanceClass) = (element.Key.ToUInt32(), element.Data.ToUInt32());
            if (number == ProxyElement.NumbersKey)
            {
                _reserved = element == ProxyElement.Numbers(balanceClass).Element ? balanceClass : 0;
            }
            else if (PortElements.TryReadComment(element.Comment, out var key, out var isLocal))
            {
                _highest = Math.Max(_highest, number);
                AddList(key, isLocal, number, balanceClass);
            }
        }
    }

    private void CollectChoices()
    {
        foreach (var (set, element) in _content.Elements)
        {
            if (set == ProxySet.Choices && element.Data.Length == 4
                && ElementReader.TryReadSlot(element.Key, out var list, out var slot)
                && _backends.TryGetValue(element.Data.ToUInt32(), out var backend))
            {
                SlotsOf(list)[slot] = backend;
            }
        }
    }

    private void AddList(ProxyKey key, bool isLocal, uint number, uint balanceClass)
    {
        _classes.TryFind(balanceClass, out var known);
        IEnumerable<Slot> slots = _slots.TryGetValue(number, out var found) ? found.Values : [];
        if (known.Method is BalanceMethod.SourceHash or BalanceMethod.DestinationHash)
        {
            slots = slots.Distinct().OrderBy(static slot => slot.Endpoint);
        }

        _lists[number] = new ServiceList(number, balanceClass, known.AffinitySeconds, BalanceClass.IsDrop(balanceClass), slots.ToValueList(), known.Method);
        (_ports.TryGetValue(key, out var port) ? port : _ports[key] = new AdoptedPort(key)).AddList(number, isLocal);
    }

    private void CollectVips()
    {
        var owners = _ports.Values.SelectMany(static port => port.Lists.Select(list => KeyValuePair.Create(list, port)))
            .ToDictionary(static pair => pair.Key, static pair => pair.Value);
        foreach (var (set, element) in _content.Elements)
        {
            if (set is not (ProxySet.Services4 or ProxySet.Services6) || element.Data.Length != 4
                || !ElementReader.TryReadVip(element.Key, set.Family() ?? IpFamily.V4, out var vip))
            {
                continue;
            }

            var value = element.Data.ToUInt32();
            var list = value >= ProxyElement.FirstList ? value : _inner.GetValueOrDefault(vip);
            if (owners.TryGetValue(list, out var port))
            {
                port.AddVip(ToPiece(vip, element.Key, value, insideLocal: port.IsLocal(list)));
            }
        }

        CollectContested(owners);
    }

    private void CollectContested(Dictionary<uint, AdoptedPort> owners)
    {
        foreach (var ((vip, list), (traits, clients)) in _contested)
        {
            if (owners.TryGetValue(list, out var port))
            {
                var hasRanges = (traits & ProxyElement.ContestedRanges) != 0;
                port.AddContested(new VipPiece(vip, (VipTraits)(byte)traits, hasRanges ? clients.Order().ToValueList() : default));
            }
        }
    }

    private VipPiece ToPiece(Vip vip, NftValue key, uint value, bool insideLocal)
    {
        var family = vip.Address.Family;
        var traits = insideLocal ? VipTraits.LocalInside : VipTraits.None;
        traits |= _clusterIps.Contains(vip.Address) ? VipTraits.ClusterIp : VipTraits.None;
        traits |= value < ProxyElement.FirstList && (value & ProxyElement.HasOutside) != 0 ? VipTraits.LocalOutside : VipTraits.None;
        traits |= _external.Contains(new ElementIdentity(ProxySet.External4.In(family), key)) ? VipTraits.Masqueraded : VipTraits.None;
        return new VipPiece(vip, traits, _ranges.TryGetValue(vip, out var ranges) ? ranges.Order().ToValueList() : default);
    }

    /// <summary>In the order of keys: who has a VIP comes before all who wait for it.</summary>
    private (TableState State, ValueMap<ProxyKey, ProxyPiece> Pieces) Finish()
    {
        var unclaimed = _content.Elements.ToDictionary(static element => element.Identity);
        var present = new Dictionary<ElementIdentity, ProxyElement>(unclaimed);
        var ports = new List<PortState>();
        var held = new HashSet<Vip>();
        foreach (var port in _ports.OrderBy(static pair => pair.Key).Select(static pair => pair.Value))
        {
            if (port.TryBuild(_lists) is { } state && held.IsSupersetOf(port.Contested) && IsWhole(state, port.Contested, present))
            {
                ports.Add(state);
                held.UnionWith(state.ToVips());
                Claim(unclaimed, PortElements.All(state, port.Contested));
            }
        }

        var node = new NodePiece(_inside.Order().ToValueList(), _elsewhere.Order().ToValueList(), _serviceCidrs.Order().ToValueList(), _foreign.Order().ToValueList());
        Claim(unclaimed, NodeElements.Of(node));
        Claim(unclaimed, [ProxyElement.Numbers(_reserved)]);
        return (TableState.Of(_classes, new ListNumbers(_reserved, _highest), node, ports), Pieces(ports, node, unclaimed.Values.ToValueList()));
    }

    private ValueMap<ProxyKey, ProxyPiece> Pieces(IEnumerable<PortState> ports, NodePiece node, ValueList<ProxyElement> strays)
    {
        var pieces = ports.Select(static port => KeyValuePair.Create(port.Key, (ProxyPiece)port.ToPiece()))
            .Append(KeyValuePair.Create(ProxyKey.Table, (ProxyPiece)new TablePiece(_content.Layout)))
            .Append(KeyValuePair.Create(ProxyKey.Node, (ProxyPiece)node));
        if (!strays.IsEmpty)
        {
            pieces = pieces.Append(KeyValuePair.Create(ProxyKey.Strays, (ProxyPiece)new StrayPiece(strays)));
        }

        return pieces.ToValueMap();
    }

    private static bool IsWhole(PortState port, IReadOnlySet<Vip> contested, Dictionary<ElementIdentity, ProxyElement> present) =>
        PortElements.All(port, contested).All(element => present.TryGetValue(element.Identity, out var found) && found == element)
        && port.Families.SelectMany(static family => family.Lists).All(static list => list.IsPlausible);

    private static void Claim(Dictionary<ElementIdentity, ProxyElement> unclaimed, IEnumerable<ProxyElement> elements)
    {
        foreach (var element in elements)
        {
            if (unclaimed.TryGetValue(element.Identity, out var found) && found == element)
            {
                unclaimed.Remove(element.Identity);
            }
        }
    }
}
