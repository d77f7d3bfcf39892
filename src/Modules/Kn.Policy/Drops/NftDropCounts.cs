using Kn.Linux;
using Kn.Linux.Netlink;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Expressions;
using Kn.Policy.Planning;
using Kn.Policy.Tables;
using Kn.Primitives;

namespace Kn.Policy.Drops;

/// <summary>The counters of the table's sets <c>drops-…</c>.</summary>
/// <param name="socket">Not the one that transactions are sent by: another thread reads here.</param>
internal sealed class NftDropCounts(NftSocket socket)
{
    /// <summary>The counts of all pods that lost a packet within the last hour.</summary>
    public IReadOnlyList<DropCount> Read()
    {
        var counts = new List<DropCount>();
        Read(counts, PolicySchema.DropsIn, PolicyDirection.Ingress);
        Read(counts, PolicySchema.DropsOut, PolicyDirection.Egress);
        return counts;
    }

    private void Read(List<DropCount> counts, PerFamily<NftSet> sets, PolicyDirection direction)
    {
        Read(counts, sets.V4, direction);
        Read(counts, sets.V6, direction);
    }

    private void Read(List<DropCount> counts, NftSet set, PolicyDirection direction)
    {
        try
        {
            foreach (var element in socket.ReadElements(PolicyRuleset.TableId, set))
            {
                foreach (var expression in element.Expressions)
                {
                    if (expression is Counter counter)
                    {
                        counts.Add(new DropCount(direction, IpAddress.FromBytes(element.Key.Bytes), counter.Packets));
                    }
                }
            }
        }
        catch (NetlinkException exception) when (exception.Errno == Errno.ENOENT)
        {
            // The table is not there yet, or is being made anew.
        }
    }
}

/// <summary>Packets of a pod that were dropped.</summary>
/// <param name="Direction">By which of its policies.</param>
/// <param name="Address">Its address.</param>
/// <param name="Packets">How many, since the table has counted them.</param>
internal readonly record struct DropCount(PolicyDirection Direction, IpAddress Address, ulong Packets);
