using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>Which Service port has each VIP. Nothing in the API stops two Services from naming one external address and port; the
/// first of them by namespace and name has it, whatever the order in which they came.</summary>
internal sealed class VipClaims
{
    private readonly Dictionary<Vip, ProxyKey> _owners = [];
    private readonly Dictionary<Vip, SortedSet<ProxyKey>> _others = [];

    /// <summary>How many VIPs are claimed by more than one port.</summary>
    public int Conflicts => _others.Count;

    /// <summary>Makes room for that many VIPs, before many come.</summary>
    public void EnsureCapacity(int vips) => _owners.EnsureCapacity(vips);

    /// <summary>Who claims the VIP and does not have it.</summary>
    public IEnumerable<ProxyKey> Others(Vip vip) => _others.TryGetValue(vip, out var others) ? others : [];

    /// <summary>Who has the VIP; null when nobody wants it.</summary>
    public ProxyKey? Owner(Vip vip) => _owners.TryGetValue(vip, out var owner) ? owner : null;

    /// <summary>Claims a VIP.</summary>
    public void Add(Vip vip, ProxyKey key)
    {
        if (_owners.TryAdd(vip, key))
        {
            return;
        }

        var owner = _owners[vip];
        if (owner == key)
        {
            return;
        }

        if (!_others.TryGetValue(vip, out var others))
        {
            _others[vip] = others = [];
        }

        others.Add(key < owner ? owner : key);
        _owners[vip] = key < owner ? key : owner;
    }

    /// <summary>Gives a claim up.</summary>
    public void Remove(Vip vip, ProxyKey key)
    {
        if (!_others.TryGetValue(vip, out var others))
        {
            if (Owner(vip) == key)
            {
                _owners.Remove(vip);
            }

            return;
        }

        if (_owners[vip] == key)
        {
            _owners[vip] = others.Min;
            others.Remove(others.Min);
        }
        else
        {
            others.Remove(key);
        }

        if (others.Count == 0)
        {
            _others.Remove(vip);
        }
    }
}
