namespace Kn.Policy.Drops;

/// <summary>A packet that policies did not let pass: a line of <c>kn policy drops</c>.</summary>
/// <remarks>It is told as its connection goes, from who opened it to who was to receive it, so that it can be handed on to <c>kn policy explain</c>.</remarks>
public sealed record PolicyDrop
{
    /// <summary>When the agent heard of it.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>ingress: the receiving pod's policies did not allow it; egress: the sending pod's.</summary>
    public string Direction { get; init; } = "";

    /// <summary>TCP, UDP, SCTP, ICMP, ICMPv6, or the number of another protocol.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>Who opened the connection.</summary>
    public PolicyDropEnd Source { get; init; } = new();

    /// <summary>Who was to receive it, after a Service's translation.</summary>
    public PolicyDropEnd Destination { get; init; } = new();

    /// <summary>True for an answer: a change cut an open connection.</summary>
    public bool Answer { get; init; }

    /// <summary>What isolates the pod: policies as NAMESPACE/NAME, and words in brackets (<see cref="DropCauses"/>).</summary>
    public IReadOnlyList<string> IsolatedBy { get; init; } = [];

    /// <summary>How many logged packets before this one were not told to this listener, at least; null for none.</summary>
    public int? Missed { get; init; }
}

/// <summary>An end of a connection.</summary>
public sealed record PolicyDropEnd
{
    /// <summary>Its address.</summary>
    public string Address { get; init; } = "";

    /// <summary>Its port; null where the protocol has none.</summary>
    public int? Port { get; init; }

    /// <summary>The pod that has the address, as NAMESPACE/NAME; null for none.</summary>
    public string? Pod { get; init; }
}
