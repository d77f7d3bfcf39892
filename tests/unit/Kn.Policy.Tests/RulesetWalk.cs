using Kn.Hosting;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Tracing;
using Kn.Policy.Tests.Reference;
using Kn.Primitives;

namespace Kn.Policy.Tests;

/// <summary>Sends connections through the tables of all nodes that they pass, on paper: the first packet, its answer, and both once more as packets of a
/// connection that is decided.</summary>
internal sealed class RulesetWalk(ClusterSnapshot cluster, IReadOnlyDictionary<string, NftTable> tables)
{
    private readonly Dictionary<string, PacketTracer> _tracers = tables.ToDictionary(static pair => pair.Key, static pair => new PacketTracer(pair.Value));
    private readonly ReferenceEvaluator _pods = new(cluster);

    /// <summary>Marks that connections got at each node, for those that live longer than one state of the tables; null where each is new.</summary>
    public Dictionary<(string Node, Flow Flow), uint>? Marks { get; init; }

    /// <summary>The tables that all nodes of a cluster make from nothing.</summary>
    public static async Task<RulesetWalk> OfAsync(ClusterSnapshot cluster, PolicyOptions? options = null)
    {
        var tables = new Dictionary<string, NftTable>();
        foreach (var node in cluster.Nodes)
        {
            tables[node.Metadata.Name] = await TestLoop.FromNothingAsync(cluster, node.Metadata.Name, options);
        }

        return new RulesetWalk(cluster, tables);
    }

    /// <summary>Whether the connection gets through, by every table on its way.</summary>
    public bool Passes(Flow flow)
    {
        var (source, destination) = (_pods.PodAt(flow.Source), _pods.PodAt(flow.Destination));
        var from = source is not null && !IsNodeOf(source, flow.Destination) ? source.NodeName : null;
        var to = destination is not null && !IsNodeOf(destination, flow.Source) ? destination.NodeName : null;
        if (from is not null && from == to)
        {
            return Passes(from, flow, fromPod: true, toPod: true);
        }

        return (from is null || Passes(from, flow, fromPod: true, toPod: false)) && (to is null || Passes(to, flow, fromPod: false, toPod: true));
    }

    private bool IsNodeOf(Pod pod, IpAddress address) => cluster.Nodes.Find(pod.NodeName)?.InternalIps.Contains(address) == true;

    private bool Passes(string node, Flow flow, bool fromPod, bool toPod)
    {
        var there = new TracePacket(flow.Source, flow.Destination, Protocol(flow), 40000, flow.Port)
        {
            InputGroup = fromPod ? NodeResources.PodLinkGroup : 0,
            OutputGroup = toPod ? NodeResources.PodLinkGroup : 0,
            Original = new TraceTuple(flow.Source, flow.Destination, 40000, flow.Port),
            Reply = new TraceTuple(flow.Destination, flow.Source, flow.Port, 40000),
        };
        var back = there with
        {
            Source = flow.Destination,
            Destination = flow.Source,
            SourcePort = flow.Port,
            DestinationPort = 40000,
            InputGroup = there.OutputGroup,
            OutputGroup = there.InputGroup,
            Direction = ConnectionDirection.Reply,
            State = ConnectionState.Established,
        };
        var tracer = _tracers[node];
        if (tables[node].FindChain("forward") is null)
        {
            // No packet comes by.
            return true;
        }

        if (Marks?.TryGetValue((node, flow), out var mark) == true)
        {
            (there, back) = (there with { CtMark = mark, State = ConnectionState.Established }, back with { CtMark = mark });
        }

        var (first, answer) = (tracer.Trace("forward", there), tracer.Trace("forward", back));
        Assert.Equal(first.Verdict, answer.Verdict);
        Assert.Equal(0u, first.Packet.Priority);
        if (first.Verdict == NftVerdictKind.Accept)
        {
            if (Marks is not null)
            {
                Marks[(node, flow)] = first.Packet.CtMark;
            }

            // From now on the first rule of the first chain lets it pass, both ways.
            Assert.Equal(["forward"], tracer.Trace("forward", there with { CtMark = first.Packet.CtMark }).Path);
            Assert.Equal(["forward"], tracer.Trace("forward", back with { CtMark = first.Packet.CtMark }).Path);
        }

        return first.Verdict == NftVerdictKind.Accept;
    }

    private static Linux.Nftables.IpProtocol Protocol(Flow flow) => flow.Protocol is { } protocol
        ? (Linux.Nftables.IpProtocol)protocol
        : flow.Source.Family == IpFamily.V6 ? Linux.Nftables.IpProtocol.Icmpv6 : Linux.Nftables.IpProtocol.Icmp;
}
