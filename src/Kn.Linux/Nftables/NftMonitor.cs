using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Tells who changes the ruleset of a network namespace: one event for each transaction.</summary>
/// <remarks>The kernel's group NFNLGRP_NFTABLES sends a message for each object and, last, the new generation with the thread that
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
    /// <param name="except">Transactions of this socket are left out, so that one hears of others only; null for all.</param>
    /// <exception cref="LinuxException">EPERM: not root.</exception>
    public static NftMonitor Open(NetworkNamespace? inside = null, NftSocket? except = null)
    {
        var decoder = new Decoder(except?.PortId);
        return new NftMonitor(NetlinkMonitor<NftChange>.Open(NetlinkProtocol.Netfilter, [NFNLGRP_NFTABLES], decoder.Decode, NftChange.Overflow, inside));
    }

    /// <summary>The changes in order, until the token is cancelled or the monitor is disposed.</summary>
    public IAsyncEnumerable<NftChange> ReadAllAsync(CancellationToken cancellationToken) => _monitor.ReadAllAsync(cancellationToken);

    /// <summary>Hears nothing until <see cref="Resume"/>. While nobody listens, the kernel spares the messages: a transaction of tens of thousands
    /// of elements then takes about two thirds of the time.</summary>
    public void Pause() => _monitor.Pause();

    /// <summary>Listens again.</summary>
    public void Resume() => _monitor.Resume();

    /// <summary>Tells that something may have been missed, as <see cref="NftChange.Overflow"/>.</summary>
    public void Missed() => _monitor.Missed();

    /// <inheritdoc/>
    public void Dispose() => _monitor.Dispose();

    /// <summary>Collects the tables of a transaction until its generation comes.</summary>
    internal sealed class Decoder(uint? exceptPortId)
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
            if (message.PortId != exceptPortId)
            {
                results.Add(new NftChange(generation, message.PortId, _tables.ToValueList()));
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
