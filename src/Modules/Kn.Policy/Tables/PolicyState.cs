using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Policy.Peers;
using Kn.Policy.Planning;
using Kn.Primitives;

namespace Kn.Policy.Tables;

/// <summary>What the target knows of the table: pods and policies as they stand, and the identities, classes and profiles made of them. Turns changes of
/// pieces into transactions. No I/O; not thread-safe.</summary>
/// <remarks>A change costs what it touches, not what there is. After a batch that the kernel refused the state is ahead of the kernel: the next
/// read compares both (<see cref="TableDifference"/>).</remarks>
internal sealed class PolicyState
{
    private readonly Dictionary<ObjectKey, RulesPiece> _policies = [];
    private readonly Dictionary<ObjectKey, PodPiece> _pods = [];
    private readonly IdentityTable _identities = new();
    private readonly ProfileTable _profiles = new();
    private readonly PolicyOptions _options;
    private readonly ClassTable _classes;
    private readonly AddressBook _addresses;
    private readonly NetRanges _ranges;

    /// <summary>The state without pods and policies.</summary>
    public PolicyState(PolicyOptions options)
    {
        _options = options;
        _classes = new ClassTable(_identities, _profiles);
        _addresses = new AddressBook(_identities, _classes);
        _ranges = new NetRanges(_identities);
    }

    /// <summary>Counts up when something was taken away: what earlier generations decided is judged again.</summary>
    public ushort Generation { get; private set; } = 1;

    /// <summary>Whether packets come by the table.</summary>
    public bool IsHooked { get; private set; }

    /// <summary>How many identities, classes and profiles there are.</summary>
    public (int Identities, int Classes, int Profiles) Counts => (_identities.Count, _classes.Count, Count(_profiles.All));

    /// <summary>The pieces of policies and pods.</summary>
    public IEnumerable<KeyValuePair<PolicyKey, PolicyPiece>> Pieces =>
        _policies.Select(static pair => KeyValuePair.Create(PolicyKey.OfPolicy(pair.Key), (PolicyPiece)pair.Value))
            .Concat(_pods.Select(static pair => KeyValuePair.Create(PolicyKey.OfPod(pair.Key), (PolicyPiece)pair.Value)));

    /// <summary>The claim of the pod that has an address; null where no pod has it.</summary>
    public AddressClaim? OwnerOf(IpAddress address) => _addresses.OwnerOf(address);

    /// <summary>Takes changes over and says what they are in the table.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="hasElements">Whether the elements are wanted: not where the whole table is compared afterwards.</param>
    public NftBatch Change(Changes<PolicyKey, PolicyPiece> changes, bool hasElements = true)
    {
        var wasHooked = IsHooked;
        foreach (var change in changes.All)
        {
            if (change.After is TablePiece table)
            {
                IsHooked = table.IsHooked;
            }

            if (change.Key.Kind == PolicyKeyKind.Policy)
            {
                _ranges.Change(_policies.GetValueOrDefault(change.Key.Object), (RulesPiece?)change.After);
                _classes.Note(change.Key.Object);
                Put(_policies, change.Key.Object, (RulesPiece?)change.After);
            }
            else if (change.Key.Kind == PolicyKeyKind.Pod)
            {
                _addresses.Change(_pods.GetValueOrDefault(change.Key.Object), (PodPiece?)change.After);
                Put(_pods, change.Key.Object, (PodPiece?)change.After);
            }
        }

        var edit = Settle(hasElements);
        var batch = edit.ToBatch();
        Switch(batch, wasHooked);
        if (edit.TakesAway && !(hasElements && edit.IsEmpty))
        {
            Raise(batch);
        }

        return batch;
    }

    /// <summary>Goes on from the generation of a table that was read.</summary>
    public void Continue(ushort generation) => Generation = generation;

    /// <summary>Begins a new generation in this batch, unless the config lets connections live on.</summary>
    public void Raise(NftBatch batch)
    {
        if (!_options.CutConnections)
        {
            return;
        }

        _addresses.ForgetVacated();
        Generation = Generation == ushort.MaxValue ? (ushort)1 : (ushort)(Generation + 1);
        foreach (var chain in PolicyRuleset.Generation(Generation, _options, IsHooked))
        {
            batch.FlushChain(PolicyRuleset.TableId, chain.Name).AddRules(PolicyRuleset.TableId, chain.Name, chain.Rules.AsSpan());
        }
    }

    /// <summary>The whole table as it should be.</summary>
    public NftTable ToTable()
    {
        var elements = new Dictionary<string, List<NftElement>>(StringComparer.Ordinal);
        foreach (var (set, element) in Elements())
        {
            if (!elements.TryGetValue(set.Name, out var list))
            {
                elements.Add(set.Name, list = []);
            }

            list.Add(element);
        }

        var made = PolicyRuleset.Static(Generation, _options, IsHooked);
        return made with
        {
            Sets = made.Sets.Select(set => elements.TryGetValue(set.Name, out var list) ? set with { Elements = list.ToValueList() } : set)
                .Concat(_classes.All.Select(static state => MapOf(state))).ToValueList(),
            Chains = made.Chains.Concat(_classes.All.Select(ClassChain.Of)).ToValueList(),
        };
    }

    /// <summary>Blocks first, as they tell addresses apart; then addresses; then who may do what; and at last the ports that are left in use.</summary>
    private TableEdit Settle(bool hasElements)
    {
        var edit = new TableEdit { HasElements = hasElements };
        if (_ranges.Settle(edit))
        {
            _addresses.NoteAll();
        }

        _addresses.Settle(_ranges.Space, edit);
        var (added, gone) = _identities.Settle();
        _classes.Settle(_policies, added, gone, edit);
        var (come, left) = _profiles.Settle();
        foreach (var (set, element) in left.SelectMany(PolicyElements.Ports))
        {
            edit.Delete(set, element);
        }

        foreach (var (set, element) in come.SelectMany(PolicyElements.Ports))
        {
            edit.Add(set, element);
        }

        return edit;
    }

    /// <summary>The first policy lets packets come by, in the transaction that brings its class; the last one that goes ends that.</summary>
    private void Switch(NftBatch batch, bool wasHooked)
    {
        if (wasHooked == IsHooked)
        {
            return;
        }

        foreach (var chain in PolicyRuleset.Hooks(Generation, _options))
        {
            if (IsHooked)
            {
                batch.CreateChain(PolicyRuleset.TableId, chain with { Rules = default }).AddRules(PolicyRuleset.TableId, chain.Name, chain.Rules.AsSpan());
            }
            else
            {
                batch.FlushChain(PolicyRuleset.TableId, chain.Name).DeleteChain(PolicyRuleset.TableId, chain.Name);
            }
        }
    }

    private IEnumerable<(NftSet Set, NftElement Element)> Elements()
    {
        foreach (var (address, state) in _addresses.States)
        {
            yield return (PolicySchema.Who[address.Family], PolicyElements.Who(address, state.Identity));
            if (state.IsLocal)
            {
                yield return (PolicySchema.In[address.Family], PolicyElements.Chain(address, state.Ingress));
                yield return (PolicySchema.Out[address.Family], PolicyElements.Chain(address, state.Egress));
                yield return (PolicySchema.Self[address.Family], PolicyElements.Self(address));
            }
        }

        foreach (var (range, identity) in _ranges.All)
        {
            yield return (PolicySchema.Net[range.First.Family], PolicyElements.Net(range, identity));
        }

        foreach (var item in _profiles.All.SelectMany(PolicyElements.Ports))
        {
            yield return item;
        }
    }

    private static NftSet MapOf(ClassState state) =>
        PolicySchema.MapOf(state) with { Elements = state.Entries.Select(static pair => PolicyElements.May(pair.Key, pair.Value)).ToValueList() };

    private static void Put<T>(Dictionary<ObjectKey, T> pieces, ObjectKey key, T? piece)
        where T : class
    {
        if (piece is null)
        {
            pieces.Remove(key);
        }
        else
        {
            pieces[key] = piece;
        }
    }

    private static int Count(IEnumerable<Profile> profiles)
    {
        var count = 0;
        foreach (var _ in profiles)
        {
            count++;
        }

        return count;
    }
}
