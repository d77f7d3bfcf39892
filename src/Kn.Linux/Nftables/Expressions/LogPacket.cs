using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables.Expressions;

/// <summary>Logs the packet: to the kernel's log, or to an NFLOG group where <see cref="Group"/> is given.</summary>
/// <remarks>enum nft_log_attributes, uapi/linux/netfilter/nf_tables.h. Level and flags belong to the kernel's log, snapshot
/// length and threshold to NFLOG; the kernel refuses a mixture.</remarks>
public sealed record LogPacket : NftExpression
{
    private const ushort NFTA_LOG_GROUP = 1;
    private const ushort NFTA_LOG_PREFIX = 2;
    private const ushort NFTA_LOG_SNAPLEN = 3;
    private const ushort NFTA_LOG_QTHRESHOLD = 4;
    private const ushort NFTA_LOG_LEVEL = 5;
    private const ushort NFTA_LOG_FLAGS = 6;
    private const uint NFT_LOGLEVEL_WARNING = 4;

    /// <summary>In front of every line; at most 127 bytes. Empty for none.</summary>
    public string Prefix { get; init; } = string.Empty;

    /// <summary>The NFLOG group; null for the kernel's log.</summary>
    public ushort? Group { get; init; }

    /// <summary>How many bytes of a packet NFLOG copies; 0 for all.</summary>
    public uint SnapshotBytes { get; init; }

    /// <summary>How many packets NFLOG collects before it sends them.</summary>
    public ushort QueueThreshold { get; init; }

    /// <summary>The level in the kernel's log, 4 for a warning.</summary>
    public uint Level { get; init; } = NFT_LOGLEVEL_WARNING;

    /// <summary>What else the kernel's log shows, NF_LOG_*.</summary>
    public uint Flags { get; init; }

    internal override ReadOnlySpan<byte> KernelName => "log"u8;

    internal override void WriteData(ref NetlinkWriter writer)
    {
        if (Prefix.Length > 0)
        {
            writer.PutString(NFTA_LOG_PREFIX, Prefix);
        }

        if (Group is { } group)
        {
            writer.PutUInt16BigEndian(NFTA_LOG_GROUP, group);
            writer.PutUInt32BigEndian(NFTA_LOG_SNAPLEN, SnapshotBytes);
            if (QueueThreshold != 0)
            {
                writer.PutUInt16BigEndian(NFTA_LOG_QTHRESHOLD, QueueThreshold);
            }

            return;
        }

        writer.PutUInt32BigEndian(NFTA_LOG_LEVEL, Level);
        if (Flags != 0)
        {
            writer.PutUInt32BigEndian(NFTA_LOG_FLAGS, Flags);
        }
    }

    internal static NftExpression? Read(in ExpressionAttributes attributes) =>
        attributes.Only(NFTA_LOG_GROUP, NFTA_LOG_PREFIX, NFTA_LOG_SNAPLEN, NFTA_LOG_QTHRESHOLD, NFTA_LOG_LEVEL, NFTA_LOG_FLAGS)
            ? new LogPacket
            {
                Prefix = attributes.Has(NFTA_LOG_PREFIX) ? attributes.Text(NFTA_LOG_PREFIX) : string.Empty,
                Group = attributes.Has(NFTA_LOG_GROUP) ? attributes.UInt16(NFTA_LOG_GROUP) : null,
                SnapshotBytes = attributes.UInt32(NFTA_LOG_SNAPLEN, 0),
                QueueThreshold = attributes.Has(NFTA_LOG_QTHRESHOLD) ? attributes.UInt16(NFTA_LOG_QTHRESHOLD) : (ushort)0,
                Level = attributes.UInt32(NFTA_LOG_LEVEL, NFT_LOGLEVEL_WARNING),
                Flags = attributes.UInt32(NFTA_LOG_FLAGS, 0),
            }
            : null;

    /// <inheritdoc/>
    public override string ToString()
    {
        var prefix = Prefix.Length > 0 ? $"prefix {Prefix} " : string.Empty;
        return Group is { } group
            ? $"[ log {prefix}group {group} snaplen {SnapshotBytes} qthreshold {QueueThreshold} ]"
            : $"[ log {prefix}level {Level}{(Flags == 0 ? string.Empty : $" flags 0x{Flags:x}")} ]";
    }
}
