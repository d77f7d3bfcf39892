using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Planning;

/// <summary>Which Services ask for which prefix: several may share an address or an aggregate. Not thread-safe.</summary>
internal sealed class AdvertisedPrefixes
{
    private readonly Dictionary<ObjectKey, ValueList<IpPrefix>> _byService = [];
    private readonly Dictionary<IpPrefix, HashSet<ObjectKey>> _byPrefix = [];

    /// <summary>Every prefix that some Service asks for.</summary>
    public IEnumerable<IpPrefix> All => _byPrefix.Keys;

    /// <summary>Whether some Service asks for it.</summary>
    public bool Contains(IpPrefix prefix) => _byPrefix.ContainsKey(prefix);

    /// <summary>The Services that ask for it.</summary>
    public IReadOnlyCollection<ObjectKey> ServicesOf(IpPrefix prefix) => _byPrefix.GetValueOrDefault(prefix) ?? [];

    /// <summary>A Service asks for these now.</summary>
    /// <returns>Those that it asked for before.</returns>
    public ValueList<IpPrefix> Set(ObjectKey service, ValueList<IpPrefix> prefixes)
    {
        var before = _byService.GetValueOrDefault(service);
        if (before == prefixes)
        {
            return before;
        }

        foreach (var prefix in before)
        {
            Remove(prefix, service);
        }

        foreach (var prefix in prefixes)
        {
            if (!_byPrefix.TryGetValue(prefix, out var services))
            {
                _byPrefix.Add(prefix, services = []);
            }

            services.Add(service);
        }

        if (prefixes.IsEmpty)
        {
            _byService.Remove(service);
        }
        else
        {
            _byService[service] = prefixes;
        }

        return before;
    }

    public void Clear()
    {
        _byService.Clear();
        _byPrefix.Clear();
    }

    private void Remove(IpPrefix prefix, ObjectKey service)
    {
        var services = _byPrefix[prefix];
        services.Remove(service);
        if (services.Count == 0)
        {
            _byPrefix.Remove(prefix);
        }
    }
}
