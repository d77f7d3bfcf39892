namespace Kn.Routes.Bgp.Inspection;

/// <summary>The words of the control socket's verb <c>routes</c>.</summary>
public static class BgpVerb
{
    /// <summary>The verb.</summary>
    public const string Name = "routes";

    /// <summary>Argument: what to do.</summary>
    public const string Action = "action";

    /// <summary>Action: tell of the peers. The body is a list of <see cref="BgpNeighborReport"/>.</summary>
    public const string Neighbors = "neighbors";

    /// <summary>Action: tell all paths to all prefixes, or what a peer was told. Each piece is a list of <see cref="BgpPathReport"/>.</summary>
    public const string Rib = "rib";

    /// <summary>Action: tell what the kernel has of it. Each piece is a list of <see cref="BgpRouteReport"/>.</summary>
    public const string Routes = "routes";

    /// <summary>Action: withdraw Service addresses and ask peers to prefer other nodes; the body is a sentence.</summary>
    public const string Leave = "leave";

    /// <summary>Action: take that back; the body is a sentence.</summary>
    public const string Join = "join";

    /// <summary>Action: end the session with a peer, which comes back by itself; the body is a sentence.</summary>
    public const string Reset = "reset";

    /// <summary>Argument: <c>ipv4</c>, <c>ipv6</c>, or empty for both.</summary>
    public const string Family = "family";

    /// <summary>Argument: a peer's address; empty for none in particular.</summary>
    public const string Peer = "peer";

    /// <summary>The body is what was asked for.</summary>
    public const int Good = 0;

    /// <summary>The body is a sentence: the question cannot be answered.</summary>
    public const int BadQuestion = 4;
}
