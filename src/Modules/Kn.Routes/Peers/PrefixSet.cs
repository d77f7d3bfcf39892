using Kn.Primitives;

namespace Kn.Routes.Peers;

/// <summary>Prefixes with the names of those who claim them, which finds overlaps without looking at all of them. Not thread-safe.</summary>
internal sealed class PrefixSet
{
    private readonly Dictionary<IpPrefix, ValueList<string>> _claims = [];
    private readonly SortedSet<IpPrefix> _sorted = [];

    // How many prefixes of each length there are; in practice one length a family.
    private readonly Dictionary<(IpFamily Family, byte Length), int> _lengths = [];

    public void Add(IpPrefix prefix, string name)
    {
        _claims[prefix] = ClaimantsOf(prefix).Append(name).ToValueList();
        if (_sorted.Add(prefix))
        {
            _lengths[(prefix.Family, prefix.Length)] = _lengths.GetValueOrDefault((prefix.Family, prefix.Length)) + 1;
        }
    }

    public void Remove(IpPrefix prefix, string name)
    {
        var rest = ClaimantsOf(prefix).Where(other => other != name).ToValueList();
        if (!rest.IsEmpty)
        {
            _claims[prefix] = rest;
            return;
        }

        _claims.Remove(prefix);
        if (_sorted.Remove(prefix) && --_lengths[(prefix.Family, prefix.Length)] == 0)
        {
            _lengths.Remove((prefix.Family, prefix.Length));
        }
    }

    public ValueList<string> ClaimantsOf(IpPrefix prefix) => _claims.GetValueOrDefault(prefix);

    /// <summary>The claimed prefixes that share an address with this one, itself included where it is claimed.</summary>
    public IEnumerable<IpPrefix> Overlapping(IpPrefix prefix) => Around(prefix, prefix.Length - 1).Concat(Inside(prefix));

    /// <summary>The claimed prefixes that contain the address.</summary>
    public IEnumerable<IpPrefix> Containing(IpAddress address) => Around(IpPrefix.Of(address), address.BitCount);

    /// <summary>The claimed prefixes whose network address this is.</summary>
    public IEnumerable<IpPrefix> StartingAt(IpAddress address) => Containing(address).Where(prefix => prefix.Address == address);

    private IEnumerable<IpPrefix> Around(IpPrefix prefix, int longest) => _lengths.Keys
        .Where(used => used.Family == prefix.Family && used.Length <= longest)
        .Select(used => new IpPrefix(prefix.Address, used.Length))
        .Where(_claims.ContainsKey);

    // Prefixes nest or are disjoint: in this order those inside one come right after it.
    private SortedSet<IpPrefix> Inside(IpPrefix prefix) => _sorted.GetViewBetween(prefix, IpPrefix.Of(prefix.Last));
}
