using Kn.Hosting.Reconciling;
using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>What the target knows of the table's content: whose list has which number, and in which slot each endpoint is.
/// Turns changes of pieces into batches. No I/O; not thread-safe.</summary>
/// <remarks>After a batch that the kernel refused the state is ahead of the kernel and must be read again.</remarks>
internal sealed class TableState
{
    private readonly Dictionary<ProxyKey, PortState> _ports = [];
    private readonly VipClaims _vips = new();
    private readonly SharedClaims _shared = new();
    private BalanceClasses _classes;
    private ListNumbers _numbers;
    private NodePiece _node;

    private TableState(BalanceClasses classes, ListNumbers numbers, NodePiece node)
    {
        _classes = classes;
        _numbers = numbers;
        _node = node;
    }

    /// <summary>How many Service ports there are.</summary>
    public int PortCount => _ports.Count;

    /// <summary>How many VIPs are claimed by several Service ports.</summary>
    public int Conflicts => _vips.Conflicts;

    /// <summary>The highest number that was given out; 0 when none was.</summary>
    public uint HighestNumber => _numbers.Highest;

    /// <summary>The ports, as they stand.</summary>
    public IReadOnlyDictionary<ProxyKey, PortState> Ports => _ports;

    /// <summary>Who has a VIP; null when nobody has it.</summary>
    public ProxyKey? Owner(Vip vip) => _vips.Owner(vip);

    /// <summary>The state without a table.</summary>
    public static TableState Empty() => new(BalanceClasses.Of(new Dictionary<uint, BalanceClass>()), new ListNumbers(0, 0), new NodePiece(default, default, default, default));

    /// <summary>The state of a table that is as it should be.</summary>
    public static TableState Of(BalanceClasses classes, ListNumbers numbers, NodePiece node, IEnumerable<PortState> ports)
    {
        var state = new TableState(classes, numbers, node);
        foreach (var port in ports)
        {
            state.Claim(port, edit: null);
        }

        return state;
    }

    /// <summary>Takes changes over and says what they are in the table.</summary>
    public ProxyBatch Change(Changes<ProxyKey, ProxyPiece> changes)
    {
        var edit = new TableEdit();
        var layout = "";
        foreach (var change in changes.All)
        {
            if (change.After is TablePiece table)
            {
                layout = table.Layout;
                StartAnew(edit, changes.All.Count);
            }
        }

        if (layout.Length == 0)
        {
            edit.Remove(changes.All.Select(static change => change.Before).OfType<StrayPiece>().SelectMany(static strays => strays.Elements));
        }

        foreach (var change in changes.All)
        {
            if (change.Key.Kind == ProxyKeyKind.Node)
            {
                ChangeNode(edit, (NodePiece?)change.After ?? new NodePiece(default, default, default, default));
            }
        }

        ChangePorts(edit, changes);
        return edit.ToBatch(layout.Length > 0, layout);
    }

    private void StartAnew(TableEdit edit, int ports)
    {
        if (_ports.Count > 0)
        {
            throw new InvalidOperationException("a table is replaced only when nothing of it was adopted");
        }

        edit.StartAnew();
        _ports.EnsureCapacity(ports);
        _vips.EnsureCapacity(ports);
        _shared.EnsureCapacity(ports);
        _classes = BalanceClasses.Prepare(edit);
        _numbers = new ListNumbers(0, 0);
        _node = new NodePiece(default, default, default, default);
    }

    private void ChangeNode(TableEdit edit, NodePiece after)
    {
        edit.Remove(NodeElements.Of(_node));
        edit.Add(NodeElements.Of(after));
        _node = after;
    }

    /// <summary>VIPs change hands at the end, when every port is in its new state: each touched VIP is taken from whoever has it
    /// and given to whoever then has the first claim.</summary>
    private void ChangePorts(TableEdit edit, Changes<ProxyKey, ProxyPiece> changes)
    {
        var touched = new HashSet<Vip>(changes.All.Count);
        foreach (var change in changes.All)
        {
            if (change.Key.Kind == ProxyKeyKind.ServicePort)
            {
                Touch(edit, touched, _ports.GetValueOrDefault(change.Key)?.ToVips());
                Touch(edit, touched, ((ServicePortPiece?)change.After)?.ToVips());
            }
        }

        foreach (var change in changes.All)
        {
            if (change.Key.Kind == ProxyKeyKind.ServicePort)
            {
                ChangePort(edit, change.Key, (ServicePortPiece?)change.After);
            }
        }

        foreach (var vip in touched)
        {
            edit.Add(ElementsOf(vip));
        }
    }

    private void Touch(TableEdit edit, HashSet<Vip> touched, IEnumerable<Vip>? vips)
    {
        foreach (var vip in vips ?? [])
        {
            if (touched.Add(vip))
            {
                edit.Remove(ElementsOf(vip));
            }
        }
    }

    /// <summary>The elements of the port that has the VIP, and of those that wait for it.</summary>
    private IEnumerable<ProxyElement> ElementsOf(Vip vip) => _vips.Owner(vip) is { } owner
        ? PortElements.OfVip(_ports[owner], vip).Concat(_vips.Others(vip).SelectMany(key => PortElements.OfContestedVip(_ports[key], vip)))
        : [];

    private void ChangePort(TableEdit edit, ProxyKey key, ServicePortPiece? wanted)
    {
        var before = _ports.GetValueOrDefault(key);
        var after = wanted is null
            ? null
            : new PortState(key, ChangeFamily(edit, key, before?.V4, wanted.V4), ChangeFamily(edit, key, before?.V6, wanted.V6));
        foreach (var gone in before is null ? [] : before.Families.Zip(Pair(before, after)))
        {
            RemoveLists(edit, key, gone.First, gone.Second);
        }

        if (before is not null)
        {
            Unclaim(before, edit);
        }

        if (after is not null)
        {
            Claim(after, edit);
        }
    }

    private static IEnumerable<FamilyState?> Pair(PortState before, PortState? after)
    {
        if (before.V4 is not null)
        {
            yield return after?.V4;
        }

        if (before.V6 is not null)
        {
            yield return after?.V6;
        }
    }

    private FamilyState? ChangeFamily(TableEdit edit, ProxyKey key, FamilyState? before, FamilyPiece? wanted)
    {
        if (wanted is null)
        {
            return null;
        }

        var vip = wanted.Vips[0].Vip;
        var shape = new BalanceClass(vip.Address.Family, vip.Protocol, 0, 0);
        return new FamilyState(
            wanted.Vips,
            ChangeList(edit, shape, before?.Cluster, Wanted(wanted.Cluster, wanted), PortElements.ClusterComment(key)),
            ChangeList(edit, shape, before?.Local, Wanted(wanted.Local, wanted), PortElements.LocalComment(key)),
            wanted.OnNode);
    }

    private static WantedList? Wanted(EndpointList? list, FamilyPiece piece) => list is null ? null : new WantedList(list, [.. piece.OnNode]);

    private ServiceList? ChangeList(TableEdit edit, BalanceClass shape, ServiceList? before, WantedList? wantedList, string comment)
    {
        if (wantedList is not var (wanted, onNode))
        {
            return null;
        }

        var number = before?.Number ?? _numbers.Take(edit);
        var endpoints = Arrange(edit, before, wanted, onNode);
        var after = new ServiceList(number, ClassOf(edit, shape, wanted, number), wanted.AffinitySeconds, wanted.DropsWhenEmpty, endpoints, wanted.Method);
        if (before is null)
        {
            edit.Add(PortElements.OfList(after, comment));
        }
        else
        {
            ListDiff.Write(edit, before, after, comment);
        }

        return after;
    }

    private uint ClassOf(TableEdit edit, BalanceClass shape, EndpointList wanted, uint list)
    {
        if (wanted.Endpoints.IsEmpty)
        {
            return BalanceClass.Empty(shape.Family, wanted.DropsWhenEmpty);
        }

        var lane = wanted.Method == BalanceMethod.RoundRobin ? (int)(list % BalanceClass.Lanes) : 0;
        var length = HashSlots.Count(wanted.Method, wanted.Endpoints.Count);
        return _classes.Number(shape with { AffinitySeconds = wanted.AffinitySeconds, Length = length, Method = wanted.Method, Lane = lane }, edit);
    }

    private ValueList<Slot> Arrange(TableEdit edit, ServiceList? before, EndpointList wanted, HashSet<IpAddress> onNode)
    {
        var keepsBackends = before is not null && before.AffinitySeconds != 0 && wanted.AffinitySeconds != 0;
        var slots = ServiceList.Arrange(before?.Endpoints ?? default, wanted.Endpoints);
        for (var i = 0; i < slots.Length; i++)
        {
            var backend = wanted.AffinitySeconds == 0 ? 0
                : keepsBackends && slots[i].Backend != 0 ? slots[i].Backend
                : _numbers.Take(edit);
            slots[i] = new Slot(slots[i].Endpoint, backend, onNode.Contains(slots[i].Endpoint.Address));
        }

        if (HashSlots.Count(wanted.Method, slots.Length) != slots.Length)
        {
            Array.Sort(slots, static (left, right) => left.Endpoint.CompareTo(right.Endpoint));
        }

        return ValueList.Create<Slot>(slots);
    }

    private static void RemoveLists(TableEdit edit, ProxyKey key, FamilyState before, FamilyState? after)
    {
        if (before.Cluster is { } cluster && after?.Cluster is null)
        {
            edit.Remove(PortElements.OfList(cluster, PortElements.ClusterComment(key)));
        }

        if (before.Local is { } local && after?.Local is null)
        {
            edit.Remove(PortElements.OfList(local, PortElements.LocalComment(key)));
        }
    }

    private sealed record WantedList(EndpointList Endpoints, HashSet<IpAddress> OnNode);

    private void Claim(PortState port, TableEdit? edit)
    {
        _ports[port.Key] = port;
        foreach (var vip in port.ToVips())
        {
            _vips.Add(vip, port.Key);
        }

        foreach (var element in port.Families.SelectMany(PortElements.Shared))
        {
            if (_shared.Add(element.Identity))
            {
                edit?.Add(element);
            }
        }
    }

    private void Unclaim(PortState port, TableEdit edit)
    {
        _ports.Remove(port.Key);
        foreach (var vip in port.ToVips())
        {
            _vips.Remove(vip, port.Key);
        }

        foreach (var element in port.Families.SelectMany(PortElements.Shared))
        {
            if (_shared.Remove(element.Identity))
            {
                edit.Remove(element);
            }
        }
    }
}
