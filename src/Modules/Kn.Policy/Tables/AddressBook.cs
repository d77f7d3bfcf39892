using Kn.Linux.Nftables;
using Kn.Policy.Peers;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Tables;

/// <summary>Which pod has which address, and what the table says of each. Not thread-safe.</summary>
internal sealed class AddressBook(IdentityTable identities, ClassTable classes)
{
    /// <summary>Addresses that are remembered as given up; beyond it, connections are judged again instead.</summary>
    private const int MostVacated = 16_384;

    private readonly Dictionary<IpAddress, ValueList<PodPiece>> _claims = [];
    private readonly Dictionary<IpAddress, AddressState> _states = [];
    private readonly HashSet<IpAddress> _dirty = [];
    private readonly HashSet<IpAddress> _vacated = [];

    /// <summary>What the table says of each address.</summary>
    public IReadOnlyDictionary<IpAddress, AddressState> States => _states;

    /// <summary>The claim of the pod that has an address; null where no pod has it.</summary>
    public AddressClaim? OwnerOf(IpAddress address) => _claims.TryGetValue(address, out var claims) ? claims[0].ClaimTo(address) : null;

    /// <summary>A pod names its addresses, or no longer does.</summary>
    public void Change(PodPiece? before, PodPiece? after)
    {
        foreach (var address in before?.Addresses ?? default)
        {
            var rest = _claims[address].Where(piece => piece.Claim.Pod != before!.Claim.Pod).ToValueList();
            Put(address, rest);
        }

        foreach (var address in after?.Addresses ?? default)
        {
            var all = _claims.GetValueOrDefault(address);
            Put(address, all.IsEmpty ? [after!] : all.Append(after!).OrderBy(piece => piece.ClaimTo(address)).ToValueList());
        }
    }

    /// <summary>Every address may lie in other blocks.</summary>
    public void NoteAll() => _dirty.UnionWith(_claims.Keys);

    /// <summary>Works out what changes for the addresses that were touched.</summary>
    public void Settle(AddressSpace space, TableEdit edit)
    {
        foreach (var address in _dirty)
        {
            var before = _states.GetValueOrDefault(address);
            var after = StateOf(address, space);
            Leave(before);
            if (after is null)
            {
                _states.Remove(address);
            }
            else
            {
                _states[address] = after;
            }

            if (before is null || after is null ? before != after : !before.IsAs(after))
            {
                if (edit.HasElements)
                {
                    Write(address, before, after, edit);
                }

                Vacate(address, before, after, edit);
            }
        }

        _dirty.Clear();
    }

    /// <summary>Every connection is judged again: what addresses were before no longer matters.</summary>
    public void ForgetVacated() => _vacated.Clear();

    private void Put(IpAddress address, ValueList<PodPiece> claims)
    {
        _dirty.Add(address);
        if (claims.IsEmpty)
        {
            _claims.Remove(address);
        }
        else
        {
            _claims[address] = claims;
        }
    }

    private AddressState? StateOf(IpAddress address, AddressSpace space)
    {
        if (!_claims.TryGetValue(address, out var claims))
        {
            return null;
        }

        var owner = claims[0];
        return new AddressState(
            identities.Take(new IdentityContent(owner.Identity, space.BlocksOf(address))),
            owner.Local is not null,
            classes.Take(owner.Local?.Ingress),
            classes.Take(owner.Local?.Egress));
    }

    private void Leave(AddressState? state)
    {
        if (state is not null)
        {
            identities.Leave(state.Identity);
            classes.Leave(state.Ingress);
            classes.Leave(state.Egress);
        }
    }

    private static void Write(IpAddress address, AddressState? before, AddressState? after, TableEdit edit)
    {
        var family = address.Family;
        Write(edit, PolicySchema.Who[family], before is null ? null : PolicyElements.Who(address, before.Identity), after is null ? null : PolicyElements.Who(address, after.Identity));
        var (was, isLocal) = (before is { IsLocal: true }, after is { IsLocal: true });
        Write(edit, PolicySchema.In[family], was ? PolicyElements.Chain(address, before!.Ingress) : null, isLocal ? PolicyElements.Chain(address, after!.Ingress) : null);
        Write(edit, PolicySchema.Out[family], was ? PolicyElements.Chain(address, before!.Egress) : null, isLocal ? PolicyElements.Chain(address, after!.Egress) : null);
        Write(edit, PolicySchema.Self[family], was ? PolicyElements.Self(address) : null, isLocal ? PolicyElements.Self(address) : null);
    }

    private static void Write(TableEdit edit, NftSet set, NftElement? before, NftElement? after)
    {
        if (before == after)
        {
            return;
        }

        if (before is not null)
        {
            edit.Delete(set, before);
        }

        if (after is not null)
        {
            edit.Add(set, after);
        }
    }

    /// <summary>Connections of a pod that is gone are nobody's until another pod gets its address; then they must not serve that one.</summary>
    private void Vacate(IpAddress address, AddressState? before, AddressState? after, TableEdit edit)
    {
        if (before is not null && after is not null)
        {
            edit.TakesAway = true;
        }
        else if (after is null)
        {
            _vacated.Add(address);
            edit.TakesAway |= _vacated.Count > MostVacated;
        }
        else
        {
            edit.TakesAway |= _vacated.Contains(address);
        }
    }
}
