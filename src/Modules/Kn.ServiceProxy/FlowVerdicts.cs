using Kn.Kubernetes.Objects;
using Kn.Linux.Conntrack;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy;

/// <summary>Says of each connection whether it is to be forgotten.</summary>
internal sealed class FlowVerdicts
{
    private readonly Dictionary<Vip, OfVip> _vips = [];

    /// <summary>True when every connection stays.</summary>
    public bool IsEmpty => _vips.Count == 0;

    /// <summary>What holds for connections to a VIP.</summary>
    public OfVip Of(Vip vip) => _vips.TryGetValue(vip, out var found) ? found : _vips[vip] = new OfVip();

    /// <summary>True for a connection that leads to an endpoint that is gone, or nowhere.</summary>
    public bool IsStale(in ConntrackFlow flow)
    {
        var (original, reply) = (flow.Original, flow.Reply);
        if (!_vips.TryGetValue(new Vip(original.Destination, (IpProtocol)original.Protocol, original.DestinationPort), out var verdict))
        {
            return false;
        }

        if (reply.Source == original.Destination && reply.SourcePort == original.DestinationPort)
        {
            // What the node itself answered is a connection of somebody's; for UDP that must give way, as the Service has the address now.
            return verdict.ForgetsUntranslated
                && (original.Protocol == (byte)IpProtocol.Udp || !flow.Status.HasFlag(ConntrackStatus.SeenReply));
        }

        var endpoint = new EndpointAddress(reply.Source, reply.SourcePort);
        return verdict.Gone.Contains(endpoint) || verdict.Serving?.Contains(endpoint) == false;
    }

    /// <summary>What holds for connections to one VIP.</summary>
    internal sealed class OfVip
    {
        /// <summary>Whether connections that lead nowhere are forgotten.</summary>
        public bool ForgetsUntranslated { get; set; }

        /// <summary>Endpoints whose connections stay, all others' go; null where none goes for that.</summary>
        public IReadOnlySet<EndpointAddress>? Serving { get; set; }

        /// <summary>Endpoints whose connections go.</summary>
        public HashSet<EndpointAddress> Gone { get; } = [];
    }
}
