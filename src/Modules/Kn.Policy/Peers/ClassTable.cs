using System.Runtime.InteropServices;
using Kn.Kubernetes.Objects;
using Kn.Policy.Planning;
using Kn.Policy.Tables;
using Kn.Primitives;

namespace Kn.Policy.Peers;

/// <summary>The classes in use, and who may do what in each. Not thread-safe.</summary>
/// <remarks>A change costs what it touches: a new identity is held against each peer that rules name, a changed policy means its own
/// classes are worked out again.</remarks>
internal sealed class ClassTable(IdentityTable identities, ProfileTable profiles)
{
    private readonly Dictionary<PolicyClass, ClassState> _classes = [];
    private readonly Dictionary<uint, ClassState> _numbers = [];
    private readonly Dictionary<object, PeerGroup> _groups = [];
    private readonly Dictionary<ObjectKey, HashSet<ClassState>> _byPolicy = [];
    private readonly HashSet<ClassState> _new = [];
    private readonly HashSet<ClassState> _dirty = [];
    private readonly HashSet<ClassState> _left = [];

    /// <summary>All classes.</summary>
    public IEnumerable<ClassState> All => _classes.Values;

    /// <summary>How many there are.</summary>
    public int Count => _classes.Count;

    /// <summary>The address of a pod joins a class, made if need be; null stands for no class.</summary>
    public ClassState? Take(PolicyClass? content)
    {
        if (content is null)
        {
            return null;
        }

        if (!_classes.TryGetValue(content, out var state))
        {
            state = new ClassState(FreeNumber.From(content.Hash(), _numbers, 0), content);
            _classes.Add(content, state);
            _numbers.Add(state.Number, state);
            foreach (var policy in content.Policies)
            {
                if (!_byPolicy.TryGetValue(policy, out var users))
                {
                    _byPolicy.Add(policy, users = []);
                }

                users.Add(state);
            }

            _new.Add(state);
            _dirty.Add(state);
        }

        state.Uses++;
        return state;
    }

    /// <summary>An address leaves its class.</summary>
    public void Leave(ClassState? state)
    {
        if (state is not null && --state.Uses == 0)
        {
            _left.Add(state);
        }
    }

    /// <summary>A policy's rules are others.</summary>
    public void Note(ObjectKey policy)
    {
        if (_byPolicy.TryGetValue(policy, out var users))
        {
            _dirty.UnionWith(users);
        }
    }

    /// <summary>Ends a change.</summary>
    /// <param name="rules">The rules of each policy.</param>
    /// <param name="added">Identities that are new.</param>
    /// <param name="gone">Identities that nothing has any more.</param>
    /// <param name="edit">What happens to the table.</param>
    public void Settle(IReadOnlyDictionary<ObjectKey, RulesPiece> rules, List<Identity> added, List<Identity> gone, TableEdit edit)
    {
        Forget(edit);
        foreach (var identity in gone)
        {
            Lose(identity, edit);
        }

        foreach (var identity in added)
        {
            Gain(identity, edit);
        }

        foreach (var state in _dirty)
        {
            Work(state, rules, edit);
        }

        _new.Clear();
        _dirty.Clear();
    }

    private void Forget(TableEdit edit)
    {
        foreach (var state in _left)
        {
            if (state.Uses > 0)
            {
                continue;
            }

            _classes.Remove(state.Content);
            _numbers.Remove(state.Number);
            _dirty.Remove(state);
            Release(state);
            foreach (var policy in state.Content.Policies)
            {
                if (_byPolicy.TryGetValue(policy, out var users) && users.Remove(state) && users.Count == 0)
                {
                    _byPolicy.Remove(policy);
                }
            }

            if (!_new.Remove(state))
            {
                edit.Remove(state);
            }
        }

        _left.Clear();
    }

    /// <summary>Lets go of what a class that is gone holds.</summary>
    private void Release(ClassState state)
    {
        SetTerms(state, []);
        profiles.Exchange(state.Anybody, null);
        profiles.Exchange(state.AnyPod, null);
        foreach (var profile in state.Entries.Values)
        {
            profiles.Exchange(profile, null);
        }

        state.Entries = [];
    }

    private void Lose(Identity identity, TableEdit edit)
    {
        foreach (var group in _groups.Values)
        {
            if (!group.Members.Remove(identity))
            {
                continue;
            }

            foreach (var state in group.Users)
            {
                // A class that is worked out again finds by itself that the identity is gone.
                if (!_dirty.Contains(state) && state.Entries.Remove(identity, out var profile))
                {
                    edit.Delete(PolicySchema.MapOf(state), PolicyElements.May(identity, profile));
                    profiles.Exchange(profile, null);
                }
            }
        }
    }

    private void Gain(Identity identity, TableEdit edit)
    {
        foreach (var group in _groups.Values)
        {
            if (!group.Means(identity.Content))
            {
                continue;
            }

            group.Members.Add(identity);
        }

        foreach (var group in _groups.Values)
        {
            if (!group.Members.Contains(identity))
            {
                continue;
            }

            foreach (var state in group.Users)
            {
                if (!_dirty.Contains(state) && !state.Entries.ContainsKey(identity) && ProfileOf(state, identity) is var profile && profile != state.WithoutEntry(identity))
                {
                    state.Entries.Add(identity, profile);
                    profiles.Exchange(null, profile);
                    edit.Add(PolicySchema.MapOf(state), PolicyElements.May(identity, profile));
                }
            }
        }
    }

    private Profile ProfileOf(ClassState state, Identity identity)
    {
        var profile = state.WithoutEntry(identity);
        foreach (var term in state.Terms)
        {
            if (term.Peer.Members.Contains(identity))
            {
                profile = profiles.Union(profile, ProfileOf(term, profiles.Of(term.Fixed), identity));
            }
        }

        return profile;
    }

    private Profile ProfileOf(ClassTerm term, Profile withoutNames, Identity identity) => term.Named is null
        ? withoutNames
        : profiles.Union(withoutNames, profiles.Of(PortSet.Of(RuleTerms.Resolve(term.Named, identity.Content.Pod?.Ports ?? default))));

    private void Work(ClassState state, IReadOnlyDictionary<ObjectKey, RulesPiece> rules, TableEdit edit)
    {
        var before = (state.Anybody, state.AnyPod, state.Entries);
        var terms = RuleTerms.Of(state.Content, rules);
        SetTerms(state, terms.Select(term => new ClassTerm(GroupOf(term.Peer), term.Fixed, term.Named)).ToArray());
        var (anybody, anyPod) = RuleTerms.ForAll(state.Content, rules);
        (state.Anybody, state.AnyPod) = (profiles.Of(anybody), profiles.Of(anyPod));
        state.Entries = Entries(state);
        profiles.Exchange(null, state.Anybody);
        profiles.Exchange(null, state.AnyPod);
        profiles.Exchange(before.Anybody, null);
        profiles.Exchange(before.AnyPod, null);
        if (_new.Contains(state))
        {
            edit.Make(state);
        }
        else if (before.Anybody != state.Anybody || before.AnyPod != state.AnyPod)
        {
            edit.Rewrite(state);
            edit.TakesAway |= !state.Anybody.Ports.Covers(before.Anybody.Ports) || !state.AnyPod.Ports.Covers(before.AnyPod.Ports);
        }

        Write(state, before.Entries, edit);
    }

    private Dictionary<Identity, Profile> Entries(ClassState state)
    {
        var entries = new Dictionary<Identity, Profile>();
        if (state.Anybody == ProfileTable.Yes)
        {
            return entries;
        }

        // A union never loses a port: what equals everybody's in the end did so all along, and what is removed was never written.
        foreach (var term in state.Terms)
        {
            var withoutNames = profiles.Of(term.Fixed);
            var byPorts = new Dictionary<ValueList<NamedPort>, Profile>();
            foreach (var identity in term.Peer.Members)
            {
                var own = term.Named is null ? withoutNames : ProfileOf(term, withoutNames, identity, byPorts);
                ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(entries, identity, out var isThere);
                entry = profiles.Union(isThere ? entry! : state.WithoutEntry(identity), own);
            }
        }

        foreach (var (identity, profile) in entries)
        {
            if (profile == state.WithoutEntry(identity))
            {
                entries.Remove(identity);
            }
        }

        return entries;
    }

    /// <summary>Most pods have one of few sets of named ports.</summary>
    private Profile ProfileOf(ClassTerm term, Profile withoutNames, Identity identity, Dictionary<ValueList<NamedPort>, Profile> byPorts)
    {
        var ports = identity.Content.Pod?.Ports ?? default;
        if (!byPorts.TryGetValue(ports, out var profile))
        {
            profile = ProfileOf(term, withoutNames, identity);
            byPorts.Add(ports, profile);
        }

        return profile;
    }

    private void Write(ClassState state, Dictionary<Identity, Profile> before, TableEdit edit)
    {
        var map = PolicySchema.MapOf(state);
        foreach (var (identity, profile) in state.Entries)
        {
            var old = before.GetValueOrDefault(identity);
            if (old == profile)
            {
                continue;
            }

            profiles.Exchange(old, profile);
            if (old is not null)
            {
                edit.Delete(map, PolicyElements.May(identity, old));
                edit.TakesAway |= !profile.Ports.Covers(old.Ports);
            }

            if (edit.HasElements)
            {
                edit.Add(map, PolicyElements.May(identity, profile));
            }
        }

        foreach (var (identity, old) in before)
        {
            if (!state.Entries.ContainsKey(identity))
            {
                profiles.Exchange(old, null);
                edit.Delete(map, PolicyElements.May(identity, old));
                edit.TakesAway |= !state.WithoutEntry(identity).Ports.Covers(old.Ports);
            }
        }
    }

    private void SetTerms(ClassState state, IReadOnlyList<ClassTerm> terms)
    {
        var before = state.Terms;
        foreach (var term in terms)
        {
            term.Peer.Users.Add(state);
        }

        state.Terms = [.. terms];
        foreach (var term in before)
        {
            term.Peer.Users.Remove(state);
            if (term.Peer.Users.Count == 0)
            {
                _groups.Remove(term.Peer.Key);
            }
        }
    }

    private PeerGroup GroupOf(object peer)
    {
        if (!_groups.TryGetValue(peer, out var group))
        {
            group = peer is PodPeer pods ? new PeerGroup(pods) : new PeerGroup((IpBlock)peer);
            group.Fill(identities);
            _groups.Add(peer, group);
        }

        return group;
    }
}
