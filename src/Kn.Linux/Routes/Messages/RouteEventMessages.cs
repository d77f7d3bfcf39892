using Kn.Linux.Netlink;
using static Kn.Linux.Routes.Messages.RtnetlinkMessage;

namespace Kn.Linux.Routes.Messages;

/// <summary>Notifications to events; a RTM_DEL* message carries the object that went.</summary>
internal static class RouteEventMessages
{
    internal static void Read(in NetlinkMessage message, List<RouteEvent> results)
    {
        switch (message.Type)
        {
            case RTM_NEWLINK or RTM_DELLINK:
                // AF_BRIDGE ones tell of a bridge port's settings, not of the link.
                if (message.FixedHeader(LinkMessages.HeaderBytes)[0] == AddressFamily.AF_UNSPEC)
                {
                    Add(message, results, RTM_DELLINK, new LinkEvent(LinkMessages.Read(message)));
                }

                break;
            case RTM_NEWADDR or RTM_DELADDR:
                Add<LinkAddress>(message, results, RTM_DELADDR, AddressMessages.Read, static address => new AddressEvent(address));
                break;
            case RTM_NEWROUTE or RTM_DELROUTE:
                Add<Route>(message, results, RTM_DELROUTE, RouteMessages.Read, static route => new RouteChangeEvent(route));
                break;
            case RTM_NEWNEIGH or RTM_DELNEIGH:
                Add<Neighbour>(message, results, RTM_DELNEIGH, NeighbourMessages.Read, static neighbour => new NeighbourEvent(neighbour));
                Add<FdbEntry>(message, results, RTM_DELNEIGH, NeighbourMessages.ReadFdb, static entry => new FdbEvent(entry));
                break;
            case RTM_NEWRULE or RTM_DELRULE:
                Add<Rule>(message, results, RTM_DELRULE, RuleMessages.Read, static rule => new RuleEvent(rule));
                break;
            case RTM_NEWQDISC or RTM_DELQDISC:
                Add<Qdisc>(message, results, RTM_DELQDISC, QdiscMessages.Read, static qdisc => new QdiscEvent(qdisc));
                break;
        }
    }

    private static void Add<T>(in NetlinkMessage message, List<RouteEvent> results, ushort removal, NetlinkDecoder<T> decode, Func<T, RouteEvent> wrap)
    {
        var objects = new List<T>(1);
        decode(message, objects);
        foreach (var found in objects)
        {
            Add(message, results, removal, wrap(found));
        }
    }

    private static void Add(in NetlinkMessage message, List<RouteEvent> results, ushort removal, RouteEvent found) =>
        results.Add(found with { CausedBy = message.PortId, IsRemoved = message.Type == removal });
}
