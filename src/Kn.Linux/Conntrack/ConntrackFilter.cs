using Kn.Primitives;

namespace Kn.Linux.Conntrack;

/// <summary>Which flows; null leaves a property open, and the filter without properties is every flow.</summary>
public sealed record ConntrackFilter
{
    /// <summary>One family.</summary>
    public IpFamily? Family { get; init; }

    /// <summary>One IP protocol: 6 TCP, 17 UDP, 132 SCTP.</summary>
    public byte? Protocol { get; init; }

    /// <summary>Who began it.</summary>
    public IpPrefix? OriginalSource { get; init; }

    /// <summary>Whom it was sent to, before any rewriting: a Service's address.</summary>
    public IpPrefix? OriginalDestination { get; init; }

    /// <summary>The port that it was sent to, before any rewriting.</summary>
    public ushort? OriginalDestinationPort { get; init; }

    /// <summary>Who answers: the endpoint that was chosen.</summary>
    public IpPrefix? ReplySource { get; init; }

    /// <summary>The port that answers.</summary>
    public ushort? ReplySourcePort { get; init; }

    /// <summary>Whom the answers are sent to, after any rewriting of the source.</summary>
    public IpPrefix? ReplyDestination { get; init; }

    /// <summary>Every one of these bits is set.</summary>
    public ConntrackStatus Status { get; init; }

    /// <summary>None of these bits is set.</summary>
    public ConntrackStatus StatusNot { get; init; }

    /// <summary>The mark, after <see cref="MarkMask"/>.</summary>
    public uint? Mark { get; init; }

    /// <summary>Which bits of the mark count. Default: all.</summary>
    public uint MarkMask { get; init; } = uint.MaxValue;

    /// <summary>One zone.</summary>
    public ushort? Zone { get; init; }

    /// <summary>True when the flow is one of those meant.</summary>
    public bool Matches(in ConntrackFlow flow) =>
        MatchesOriginal(flow.Original) && MatchesReply(flow.Reply)
        && (flow.Status & Status) == Status
        && (flow.Status & StatusNot) == 0
        && (Mark is null || (flow.Mark & MarkMask) == Mark)
        && (Zone is null || flow.Zone == Zone);

    private bool MatchesOriginal(in ConntrackTuple tuple) =>
        (Family is null || tuple.Source.Family == Family)
        && (Protocol is null || tuple.Protocol == Protocol)
        && (OriginalDestinationPort is null || tuple.DestinationPort == OriginalDestinationPort)
        && (OriginalDestination is not { } destination || destination.Contains(tuple.Destination))
        && (OriginalSource is not { } source || source.Contains(tuple.Source));

    private bool MatchesReply(in ConntrackTuple tuple) =>
        (ReplySourcePort is null || tuple.SourcePort == ReplySourcePort)
        && (ReplySource is not { } source || source.Contains(tuple.Source))
        && (ReplyDestination is not { } destination || destination.Contains(tuple.Destination));
}
