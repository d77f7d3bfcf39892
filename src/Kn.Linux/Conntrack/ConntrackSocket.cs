using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.Primitives;

namespace Kn.Linux.Conntrack;

/// <summary>The connection tracking table of one network namespace.</summary>
/// <remarks>Open it once, inside the namespace if need be, and use it from any thread.</remarks>
public sealed class ConntrackSocket : IDisposable
{
    private const int OneMessageBytes = 512;
    private readonly NetlinkSocket _socket;

    internal ConntrackSocket(NetlinkSocket socket) => _socket = socket;

    /// <summary>Opens a socket here, or inside another network namespace.</summary>
    public static ConntrackSocket Open(NetworkNamespace? inside = null) => new(NetlinkSocket.Open(NetlinkProtocol.Netfilter, inside));

    /// <summary>The flows that match; the whole table is walked, but only these are kept.</summary>
    public IReadOnlyList<ConntrackFlow> Read(ConntrackFilter filter) => Read(filter.Family, (in ConntrackFlow flow) => filter.Matches(flow));

    /// <summary>Removes the flows that match: the next packet of each starts anew, through the rules of now.</summary>
    /// <returns>How many went.</returns>
    public int Delete(ConntrackFilter filter) => Delete([filter]);

    /// <summary>Removes the flows that match any of the filters, in one walk through the table.</summary>
    /// <returns>How many went; those that went by themselves meanwhile are not counted.</returns>
    /// <exception cref="NetlinkException">The kernel refused; others may be removed already.</exception>
    public int Delete(IReadOnlyList<ConntrackFilter> filters)
    {
        if (filters.Count == 0)
        {
            return 0;
        }

        var family = filters.All(filter => filter.Family == filters[0].Family) ? filters[0].Family : null;
        return Delete(family, (in ConntrackFlow flow) => MatchesAny(filters, flow));
    }

    /// <summary>Removes the flows that somebody else chooses, in one walk through the table.</summary>
    /// <param name="family">One family; null for both.</param>
    /// <param name="isMeant">Asked for each flow.</param>
    /// <inheritdoc cref="Delete(IReadOnlyList{ConntrackFilter})"/>
    public int Delete(IpFamily? family, ConntrackChoice isMeant)
    {
        var flows = Read(family, isMeant);
        if (flows.Count == 0)
        {
            return 0;
        }

        var writer = new NetlinkWriter(stackalloc byte[OneMessageBytes]);
        try
        {
            foreach (var flow in flows)
            {
                ConntrackMessages.WriteDelete(ref writer, flow);
            }

            var failures = _socket.Batch(ref writer, index => $"remove conntrack flow {flows[index]}");
            foreach (var failure in failures)
            {
                if (failure.Error.Errno != Errno.ENOENT)
                {
                    throw failure.Error;
                }
            }

            return flows.Count - failures.Count;
        }
        finally
        {
            writer.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private List<ConntrackFlow> Read(IpFamily? family, ConntrackChoice isMeant)
    {
        var writer = new NetlinkWriter(stackalloc byte[OneMessageBytes]);
        ConntrackMessages.WriteDump(ref writer, family);
        return _socket.Dump<ConntrackFlow>("read conntrack flows", ref writer, (in NetlinkMessage message, List<ConntrackFlow> results) =>
        {
            if (ConntrackMessages.TryRead(message, out var flow) && isMeant(flow))
            {
                results.Add(flow);
            }
        });
    }

    private static bool MatchesAny(IReadOnlyList<ConntrackFilter> filters, in ConntrackFlow flow)
    {
        for (var i = 0; i < filters.Count; i++)
        {
            if (filters[i].Matches(flow))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Whether a flow is one of those meant.</summary>
public delegate bool ConntrackChoice(in ConntrackFlow flow);
