using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables.Tracing;

/// <summary>What a chain did with a packet.</summary>
/// <param name="Verdict">Accept or drop; a rejected packet is dropped.</param>
/// <param name="Packet">The packet as it left: with its new destination, mark and priority.</param>
/// <param name="Path">The chains it entered, and the sets that had an answer: <c>services4</c>, <c>@services4</c>, …</param>
public sealed record TraceResult(NftVerdictKind Verdict, TracePacket Packet, ValueList<string> Path)
{
    /// <summary>The translated destination; null where none was.</summary>
    public IpAddress? DnatAddress { get; init; }

    /// <summary>The translated port; null where it was kept.</summary>
    public ushort? DnatPort { get; init; }

    /// <summary>True where the source becomes an address of this host.</summary>
    public bool IsMasqueraded { get; init; }

    /// <summary>How the sender was told; null where it was not.</summary>
    public RejectKind? Rejected { get; init; }
}
