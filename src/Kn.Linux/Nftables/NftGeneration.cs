using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>How often the ruleset of a network namespace has changed, and who changed it last.</summary>
/// <param name="Id">Grows by one with every transaction; wraps, and is never 0.</param>
/// <param name="ProcessId">The process that asked, as seen in its own PID namespace. In an answer to a question it is the
/// asking process itself; in an event it is the one that made the change.</param>
/// <param name="ProcessName">The name of that process.</param>
/// <remarks>enum nft_gen_attributes, uapi/linux/netfilter/nf_tables.h.</remarks>
public readonly record struct NftGeneration(uint Id, int ProcessId, string ProcessName)
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
                NFTA_GEN_PROC_PID => generation with { ProcessId = unchecked((int)reader.ReadUInt32BigEndian()) },
                NFTA_GEN_PROC_NAME => generation with { ProcessName = reader.ReadString() },
                _ => generation,
            };
        }

        return generation.Id != 0 ? generation : throw new WireFormatException("nftables generation: no number");
    }
}
