using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>How often the ruleset of a network namespace has changed, and who changed it last.</summary>
/// <param name="Id">Grows by one with every transaction; wraps, and is never 0.</param>
/// <param name="ThreadId">The thread that made the change (for <c>nft</c>, with its one thread, the process); in an answer to a
/// question it is the asking thread. The kernel says PID and means the thread, in the first PID namespace.</param>
/// <param name="ThreadName">The name of that thread.</param>
/// <remarks>enum nft_gen_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public readonly record struct NftGeneration(uint Id, int ThreadId, string ThreadName)
{
    private const ushort NFTA_GEN_ID = 1;
    private const ushort NFTA_GEN_PROC_PID = 2;
    private const ushort NFTA_GEN_PROC_NAME = 3;

    internal static NftGeneration Read(in NetlinkMessage message)
    {
        var generation = new NftGeneration(0, 0, string.Empty);
        var reader = message.Attributes(NftMessages.GenericHeaderBytes);
        while (reader.MoveNext())
        {
            generation = reader.Type switch
            {
                NFTA_GEN_ID => generation with { Id = reader.ReadUInt32BigEndian() },
                NFTA_GEN_PROC_PID => generation with { ThreadId = unchecked((int)reader.ReadUInt32BigEndian()) },
                NFTA_GEN_PROC_NAME => generation with { ThreadName = reader.ReadString() },
                _ => generation,
            };
        }

        return generation.Id != 0 ? generation : throw new WireFormatException("nftables generation: no number");
    }
}
