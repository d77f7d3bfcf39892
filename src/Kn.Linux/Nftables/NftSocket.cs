using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>nftables of one network namespace: applies batches and reads tables back.</summary>
/// <remarks>Safe for use by many threads, one conversation at a time. Synchronous: the kernel works within the call, a batch of
/// 70,000 elements takes some hundred milliseconds. Needs CAP_NET_ADMIN.</remarks>
public sealed class NftSocket : IDisposable
{
    // Somebody who changes the ruleset all the time must not keep a reader for ever.
    private const int MaxReadAttempts = 100;

    private readonly NetlinkSocket _socket;

    private NftSocket(NetlinkSocket socket) => _socket = socket;

    /// <summary>Opens a socket here, or inside another network namespace.</summary>
    /// <exception cref="LinuxException">EPROTONOSUPPORT: the kernel has no nfnetlink.</exception>
    public static NftSocket Open(NetworkNamespace? inside = null) => new(NetlinkSocket.Open(NetlinkProtocol.Netfilter, inside));

    /// <summary>The netlink port of this socket, which events carry (<see cref="NftChange.PortId"/>).</summary>
    public uint PortId => _socket.PortId;

    /// <summary>The number of the ruleset's present state.</summary>
    public uint GenerationId => ReadGeneration().Id;

    /// <summary>Does all of a batch, or nothing.</summary>
    /// <returns><see cref="NftOutcome.GenerationChanged"/> only for a batch with <see cref="NftBatch.ExpectedGeneration"/>.</returns>
    /// <exception cref="NftException">The kernel refused an operation: ENOENT, EEXIST, EBUSY, EINVAL, …</exception>
    /// <exception cref="NetlinkException">The batch could not be sent: EMSGSIZE without the privilege to enlarge the socket's buffer.</exception>
    public NftOutcome Apply(NftBatch batch)
    {
        if (batch.IsEmpty)
        {
            return NftOutcome.Applied;
        }

        var origins = new BatchWriter();
        using var buffer = new BatchBuffer(batch);
        var writer = new NetlinkWriter(buffer.Span);
        try
        {
            origins.Write(ref writer, batch);
            var failures = _socket.Transact(ref writer, origins.Describe);
            if (failures.Count == 0)
            {
                return NftOutcome.Applied;
            }

            return failures[0] is { Index: 0, Error.Errno: Errno.ERESTART }
                ? NftOutcome.GenerationChanged
                : throw BatchFailure.ToException(origins, failures, writer.Written);
        }
        finally
        {
            writer.Dispose();
        }
    }

    /// <summary>The present state's number.</summary>
    public NftGeneration ReadGeneration()
    {
        var writer = new NetlinkWriter(stackalloc byte[64]);
        writer.EndMessage(NftMessages.Begin(ref writer, NftMessages.NFT_MSG_GETGEN, NetlinkFlags.None, 0));
        return _socket.Get<NftGeneration>("read the generation of nftables", ref writer, static (in NetlinkMessage message, List<NftGeneration> results) =>
            results.Add(NftGeneration.Read(message)));
    }

    /// <summary>The tables of all families, without content.</summary>
    public IReadOnlyList<NftTable> ReadTables()
    {
        var writer = new NetlinkWriter(stackalloc byte[64]);
        writer.EndMessage(NftMessages.Begin(ref writer, NftMessages.NFT_MSG_GETTABLE, NetlinkFlags.Dump, 0));
        return _socket.Dump<NftTable>("read the tables of nftables", ref writer, static (in NetlinkMessage message, List<NftTable> results) =>
        {
            if (NftMessages.NumberOf(message.Type) == NftMessages.NFT_MSG_NEWTABLE)
            {
                results.Add(TableCodec.Read(message));
            }
        });
    }

    /// <summary>A table with everything in it, of one moment: read again while somebody changes the ruleset meanwhile.</summary>
    /// <returns>Null where there is no such table.</returns>
    /// <exception cref="NetlinkException">EAGAIN: the ruleset changed during every one of many attempts.</exception>
    public NftTable? ReadTable(NftFamily family, string name) => ReadTable(family, name, out _);

    /// <summary>A table with everything in it, and the generation that it is from, for <see cref="NftBatch.ExpectedGeneration"/>.</summary>
    public NftTable? ReadTable(NftFamily family, string name, out uint generation) =>
        ReadTable(family, name, static _ => true, out generation);

    /// <summary>A table with everything in it but the elements of some sets: those that packets fill may have a million.</summary>
    /// <param name="family">Its family.</param>
    /// <param name="name">Its name.</param>
    /// <param name="wantsElements">Whether a set's elements are read; asked with the set as declared. A set without is read as empty.</param>
    /// <returns>Null where there is no such table.</returns>
    /// <exception cref="NetlinkException">EAGAIN: the ruleset changed during every one of many attempts.</exception>
    public NftTable? ReadTable(NftFamily family, string name, Func<NftSet, bool> wantsElements) =>
        ReadTable(family, name, wantsElements, out _);

    private NftTable? ReadTable(NftFamily family, string name, Func<NftSet, bool> wantsElements, out uint generation)
    {
        for (var attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            generation = GenerationId;
            try
            {
                var table = ReadOnce(new NftTableId(family, name), wantsElements);
                if (GenerationId == generation)
                {
                    return table;
                }
            }
            catch (NetlinkException e) when (e.Errno == Errno.ENOENT)
            {
                // A set or chain went away between two dumps: the generation is another one, too.
            }
        }

        throw new NetlinkException($"read table {new NftTableId(family, name)}", Errno.EAGAIN, "the ruleset changes all the time");
    }

    /// <summary>The elements of a set or map, ranges of a plain set of intervals put together.</summary>
    /// <remarks>The kernel gives a hash set out in pieces and finds its place again by counting; while it moves the elements to a larger table, which
    /// goes on after the transaction, it counts in two orders: some come twice and as many not at all, with no mark on the dump.
    /// So a dump in which an element comes twice is thrown away. A set that packets fill changes all the time; there, one of the two is dropped.
    /// nft_rhash_walk, net/netfilter/nft_set_hash.c.</remarks>
    /// <exception cref="NetlinkException">ENOENT: no such set. EAGAIN: elements came twice in every one of many attempts.</exception>
    public ValueList<NftElement> ReadElements(NftTableId table, NftSet set)
    {
        for (var attempt = 0; attempt < MaxReadAttempts; attempt++)
        {
            var raw = DumpElements(table, set.Name);
            var once = raw.DistinctBy(static item => (item.Element.Key, item.IsEnd)).ToList();
            if (once.Count == raw.Count || set.Flags.HasFlag(NftSetFlags.Dynamic))
            {
                return ElementCodec.Combine(set, once);
            }
        }

        throw new NetlinkException($"read the elements of {table} {set.Name}", Errno.EAGAIN, "elements come twice in every dump");
    }

    private List<RawElement> DumpElements(NftTableId table, string set)
    {
        var writer = new NetlinkWriter(stackalloc byte[1024]);
        var message = NftMessages.Begin(ref writer, NftMessages.NFT_MSG_GETSETELEM, NetlinkFlags.Dump, table.Family);
        writer.PutString(ElementCodec.NFTA_SET_ELEM_LIST_TABLE, table.Name);
        writer.PutString(ElementCodec.NFTA_SET_ELEM_LIST_SET, set);
        writer.EndMessage(message);
        return _socket.Dump<RawElement>($"read the elements of {table} {set}", ref writer, static (in NetlinkMessage answer, List<RawElement> results) =>
        {
            if (NftMessages.NumberOf(answer.Type) == NftMessages.NFT_MSG_NEWSETELEM)
            {
                ElementCodec.Read(answer, results);
            }
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private NftTable? ReadOnce(NftTableId id, Func<NftSet, bool> wantsElements)
    {
        NftTable? table = null;
        foreach (var candidate in ReadTables())
        {
            table = candidate.Id == id ? candidate : table;
        }

        if (table is null)
        {
            return null;
        }

        var rules = ReadRules(id).ToLookup(static item => item.Chain, static item => item.Rule, StringComparer.Ordinal);
        return table with
        {
            Sets = ReadSets(id).Select(set => wantsElements(set) ? set with { Elements = ReadElements(id, set) } : set).ToValueList(),
            Chains = ReadChains(id).Select(chain => chain with { Rules = rules[chain.Name].ToValueList() }).ToValueList(),
        };
    }

    private List<NftSet> ReadSets(NftTableId table)
    {
        var writer = new NetlinkWriter(stackalloc byte[1024]);
        var message = NftMessages.Begin(ref writer, NftMessages.NFT_MSG_GETSET, NetlinkFlags.Dump, table.Family);
        writer.PutString(1, table.Name);
        writer.EndMessage(message);
        return _socket.Dump<NftSet>($"read the sets of {table}", ref writer, (in NetlinkMessage answer, List<NftSet> results) =>
        {
            if (NftMessages.NumberOf(answer.Type) == NftMessages.NFT_MSG_NEWSET && SetCodec.Read(answer) is var (owner, set) && owner == table)
            {
                results.Add(set);
            }
        });
    }

    private List<NftChain> ReadChains(NftTableId table)
    {
        var writer = new NetlinkWriter(stackalloc byte[64]);
        writer.EndMessage(NftMessages.Begin(ref writer, NftMessages.NFT_MSG_GETCHAIN, NetlinkFlags.Dump, table.Family));
        return _socket.Dump<NftChain>($"read the chains of {table}", ref writer, (in NetlinkMessage answer, List<NftChain> results) =>
        {
            if (NftMessages.NumberOf(answer.Type) == NftMessages.NFT_MSG_NEWCHAIN && ChainCodec.Read(answer) is var (owner, chain) && owner == table)
            {
                results.Add(chain);
            }
        });
    }

    private List<(string Chain, NftRule Rule)> ReadRules(NftTableId table)
    {
        var writer = new NetlinkWriter(stackalloc byte[1024]);
        var message = NftMessages.Begin(ref writer, NftMessages.NFT_MSG_GETRULE, NetlinkFlags.Dump, table.Family);
        RuleCodec.WriteChain(ref writer, table, null);
        writer.EndMessage(message);
        return _socket.Dump<(string, NftRule)>($"read the rules of {table}", ref writer, (in NetlinkMessage answer, List<(string, NftRule)> results) =>
        {
            if (NftMessages.NumberOf(answer.Type) == NftMessages.NFT_MSG_NEWRULE && RuleCodec.Read(answer) is var (owner, chain, rule) && owner == table)
            {
                results.Add((chain, rule));
            }
        });
    }
}
