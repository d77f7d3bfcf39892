using Kn.Hosting;

namespace Kn.Cni.Attaching;

/// <summary>By what the links and routes of attachments are told from those of others.</summary>
/// <param name="Prefix">How the names of links begin.</param>
/// <param name="Group">The links' group.</param>
/// <param name="Protocol">The routes' protocol number.</param>
public sealed record LinkOwner(string Prefix, uint Group, byte Protocol)
{
    /// <summary>Pods, which the agent attaches.</summary>
    public static LinkOwner Agent { get; } = new(NodeResources.PodLinkPrefix, NodeResources.PodLinkGroup, NodeResources.RouteProtocol);

    /// <summary>Containers of networks without an agent. The agent neither adopts nor removes what carries these marks.</summary>
    public static LinkOwner Plain { get; } = new(NodeResources.PlainLinkPrefix, NodeResources.PlainLinkGroup, NodeResources.PlainRouteProtocol);
}
