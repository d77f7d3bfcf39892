using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Tells who changes the ruleset of a network namespace: one event for each transaction.</summary>
/// <remarks>The kernel's group NFNLGRP_NFTABLES sends a message for each object and, last, the new generation with the process that
/// asked; objects are summed up to the names of their tables. Elements that expire or that packets add are not reported.
/// A lost event is told as <see cref="NftChange.Overflow"/>.</remarks>
public sealed class NftMonitor : IDisposable
{
    private const int NFNLGRP_NFTABLES = 7;

    // A table's name is the first attribute of every object's message.
    private const ushort NFTA_TABLE = 1;

    private readonly NetlinkMonitor<NftChange> _monitor;

    private NftMonitor(NetlinkMonitor<NftChange> monitor) => _monitor = monitor;

    /// <summary>Starts to listen; every transaction after the return of this call is reported.</summary>
    /// <param name="inside">The network namespace; null for this one.</param>
    /// <param name="excludedProcessId">Transactions of this process are left out: pass one's own to hear of others only; null for all.</param>
    /// <exception cref="LinuxException">EPERM: not root.</exception>
    public static NftMonitor Open(NetworkNamespace? inside = null, int? excludedProcessId = null)
    {
        var decoder = new Decoder(excludedProcessId);
        return new NftMonitor(NetlinkMonitor<NftChange>.Open(NetlinkProtocol.Netfilter, [NFNLGRP_NFTABLES], decoder.Decode, NftChange.Overflow, inside));
    }

    /// <summary>The changes in order, until the token is cancelled or the monitor is disposed.</summary>
    public IAsyncEnumerable<NftChange> ReadAllAsync(CancellationToken cancellationToken) => _monitor.ReadAllAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();

    /// <summary>Collects the tables of a transaction until its generation comes.</summary>
    internal sealed class Decoder(int? excludedProcessId)
    {
        private readonly List<NftTableId> _tables = [];

        internal void Decode(in NetlinkMessage message, List<NftChange> results)
        {
            if (NftMessages.NumberOf(message.Type) is not { } number)
            {
                return;
            }

            if (number != NftMessages.NFT_MSG_NEWGEN)
            {
                Collect(message);
                return;
            }

            var generation = NftGeneration.Read(message);
            if (generation.ProcessId != excludedProcessId)
            {
                results.Add(new NftChange(generation, _tables.ToValueList()));
            }

            _tables.Clear();
        }

        private void Collect(in NetlinkMessage message)
        {
            var family = (NftFamily)message.FixedHeader(NftMessages.GenericHeaderBytes)[0];
            var reader = message.Attributes(NftMessages.GenericHeaderBytes);
            while (reader.MoveNext())
            {
                if (reader.Type == NFTA_TABLE)
                {
                    var table = new NftTableId(family, reader.ReadString());
                    if (!_tables.Contains(table))
                    {
                        _tables.Add(table);
                    }

                    return;
                }
            }
        }
    }
}
