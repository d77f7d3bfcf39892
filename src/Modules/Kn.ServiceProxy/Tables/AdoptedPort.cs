using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>A Service port that is being put together from what was read.</summary>
internal sealed class AdoptedPort(ProxyKey key)
{
    private readonly Dictionary<uint, bool> _lists = [];
    private readonly SortedDictionary<Vip, VipPiece> _vips = [];
    private readonly HashSet<Vip> _contested = [];

    /// <summary>The numbers of the port's lists.</summary>
    public IEnumerable<uint> Lists => _lists.Keys;

    /// <summary>A list whose comment names this port.</summary>
    public void AddList(uint number, bool isLocal) => _lists[number] = isLocal;

    /// <summary>True for a list of policy Local.</summary>
    public bool IsLocal(uint list) => _lists[list];

    /// <summary>A VIP that leads to one of the port's lists.</summary>
    public void AddVip(VipPiece vip) => _vips[vip.Vip] = vip;

    /// <summary>A VIP that would lead to one of the port's lists, if another port did not have it.</summary>
    public void AddContested(VipPiece vip)
    {
        if (_vips.TryAdd(vip.Vip, vip))
        {
            _contested.Add(vip.Vip);
        }
    }

    /// <summary>Those of the port's VIPs that another port has.</summary>
    public IReadOnlySet<Vip> Contested => _contested;

    /// <summary>The port's state; null when it cannot be one: no VIP, two lists of one purpose, a VIP without its list.</summary>
    public PortState? TryBuild(Dictionary<uint, ServiceList> lists)
    {
        var ours = new Dictionary<(IpFamily, bool), ServiceList>();
        foreach (var (number, isLocal) in _lists)
        {
            if (!ours.TryAdd((BalanceClass.FamilyOf(lists[number].Class), isLocal), lists[number]))
            {
                return null;
            }
        }

        var v4 = Family(IpFamily.V4, ours);
        var v6 = Family(IpFamily.V6, ours);
        var port = new PortState(key, v4, v6);
        return port.Families.Any() && port.Families.All(static family => family.HasItsLists) ? port : null;
    }

    private FamilyState? Family(IpFamily family, Dictionary<(IpFamily, bool), ServiceList> lists)
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
            .SelectMany(static list => list.Endpoints)
            .Where(static slot => slot.OnNode)
            .Select(static slot => slot.Endpoint.Address)
            .Distinct()
            .Order()
            .ToValueList();
        return new FamilyState(vips, cluster, local, onNode);
    }
}
