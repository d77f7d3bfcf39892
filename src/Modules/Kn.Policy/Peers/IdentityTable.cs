using Kn.Policy.Planning;

namespace Kn.Policy.Peers;

/// <summary>The identities in use, each once, and indexes to find those that a peer of a rule means.</summary>
internal sealed class IdentityTable
{
    private readonly Dictionary<IdentityContent, Identity> _identities = [];
    private readonly Dictionary<uint, Identity> _numbers = [];
    private readonly Dictionary<string, HashSet<Identity>> _byNamespace = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Key, string Value), HashSet<Identity>> _byLabel = [];
    private readonly HashSet<Identity> _inBlocks = [];
    private readonly HashSet<Identity> _new = [];
    private readonly HashSet<Identity> _left = [];

    /// <summary>How many there are.</summary>
    public int Count => _identities.Count;

    /// <summary>Those of addresses that lie in some ipBlock.</summary>
    public IEnumerable<Identity> InBlocks => _inBlocks;

    /// <summary>All of them.</summary>
    public IEnumerable<Identity> All => _identities.Values;

    /// <summary>An address or range takes an identity, made if need be.</summary>
    public Identity Take(IdentityContent content)
    {
        if (!_identities.TryGetValue(content, out var identity))
        {
            var number = FreeNumber.From(content.Hash(), _numbers, Identity.FirstNumber, highBit: content.IsPodOfKnownNamespace);
            identity = new Identity(number, content);
            _identities.Add(content, identity);
            _numbers.Add(number, identity);
            Index(identity, static (set, item) => set.Add(item));
            _new.Add(identity);
        }

        identity.Uses++;
        return identity;
    }

    /// <summary>An address or range leaves its identity.</summary>
    public void Leave(Identity identity)
    {
        if (--identity.Uses == 0)
        {
            _left.Add(identity);
        }
    }

    /// <summary>Ends a change: forgets what nothing has any more, and says what is new and what is gone. What came and went in one change is neither.</summary>
    public (List<Identity> New, List<Identity> Gone) Settle()
    {
        var gone = new List<Identity>();
        foreach (var identity in _left)
        {
            if (identity.Uses > 0)
            {
                continue;
            }

            _identities.Remove(identity.Content);
            _numbers.Remove(identity.Number);
            Index(identity, static (set, item) => set.Remove(item));
            if (!_new.Remove(identity))
            {
                gone.Add(identity);
            }
        }

        var added = new List<Identity>(_new);
        _left.Clear();
        _new.Clear();
        return (added, gone);
    }

    /// <summary>Identities among which are all that a peer means.</summary>
    public IEnumerable<Identity> Candidates(PodPeer peer)
    {
        if (peer.Namespace is { } @namespace)
        {
            return _byNamespace.TryGetValue(@namespace, out var inside) ? inside : [];
        }

        foreach (var (key, value) in peer.PodSelector.MatchLabels)
        {
            return _byLabel.TryGetValue((key, value), out var labelled) ? labelled : [];
        }

        return All;
    }

    private void Index(Identity identity, Action<HashSet<Identity>, Identity> change)
    {
        if (!identity.Content.Blocks.IsEmpty)
        {
            change(_inBlocks, identity);
        }

        if (identity.Content.Pod is not { } pod)
        {
            return;
        }

        Index(_byNamespace, pod.Namespace, identity, change);
        foreach (var (key, value) in pod.PodLabels)
        {
            Index(_byLabel, (key, value), identity, change);
        }
    }

    private static void Index<TKey>(Dictionary<TKey, HashSet<Identity>> index, TKey key, Identity identity, Action<HashSet<Identity>, Identity> change)
        where TKey : notnull
    {
        if (!index.TryGetValue(key, out var set))
        {
            index.Add(key, set = []);
        }

        change(set, identity);
        if (set.Count == 0)
        {
            index.Remove(key);
        }
    }
}
