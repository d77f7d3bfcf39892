using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>A Service port that is being put together from what was read.</summary>
internal sealed class AdoptedPort(ProxyKey key)
{
    private readonly Dictionary<uint, bool> _lists = [];
    private readonly SortedDictionary<Vip, VipPiece> _vips = [];
    private readonly Dictionary<uint, IpFamily> _families = [];

    /// <summary>The numbers of the port's lists.</summary>
    public IEnumerable<uint> Lists => _lists.Keys;

    /// <summary>A list whose comment names this port.</summary>
    public void AddList(uint number, bool isLocal) => _lists[number] = isLocal;

    /// <summary>True for a list of policy Local.</summary>
    public bool IsLocal(uint list) => _lists[list];

    /// <summary>A VIP that leads to these lists; numbers of lists that are not the port's count for nothing.</summary>
    public void AddVip(VipPiece vip, ReadOnlySpan<uint> lists)
    {
        _vips[vip.Vip] = vip;
        foreach (var list in lists)
        {
            _families[list] = vip.Vip.Address.Family;
        }
    }

    /// <summary>The port's state; null when it cannot be one: no VIP, a list that nothing leads to, two lists of one purpose.</summary>
    public PortState? TryBuild(Dictionary<uint, ServiceList> lists, HashSet<IpAddress> hairpins)
    {
        var ours = new Dictionary<(IpFamily, bool), ServiceList>();
        foreach (var (number, isLocal) in _lists)
        {
            if (!_families.TryGetValue(number, out var family) || !ours.TryAdd((family, isLocal), lists[number]))
            {
                return null;
            }
        }

        var v4 = Family(IpFamily.V4, ours, hairpins);
        var v6 = Family(IpFamily.V6, ours, hairpins);
        return v4 is null && v6 is null ? null : Whole(new PortState(key, v4, v6));
    }

    private FamilyState? Family(IpFamily family, Dictionary<(IpFamily, bool), ServiceList> lists, HashSet<IpAddress> hairpins)
    {
        var vips = _vips.Values.Where(vip => vip.Vip.Address.Family == family).ToValueList();
        if (vips.IsEmpty)
        {
            return null;
        }

        var cluster = lists.GetValueOrDefault((family, false));
        var local = lists.GetValueOrDefault((family, true));
        var onNode = new[] { cluster, local }
            .OfType<ServiceList>()
            .SelectMany(static list => list.Slots)
            .Select(static slot => slot.Endpoint.Address)
            .Where(hairpins.Contains)
            .Distinct()
            .Order()
            .ToValueList();
        return new FamilyState(vips, cluster, local, onNode);
    }

    /// <summary>Null when a VIP leads to a list that the port does not have.</summary>
    private static PortState? Whole(PortState port) =>
        port.Families.All(static family =>
            (family.Cluster is not null || !family.Vips.Any(FamilyPlan.LeadsToCluster))
            && (family.Local is not null || !family.Vips.Any(FamilyPlan.LeadsToLocal)))
            ? port
            : null;
}
