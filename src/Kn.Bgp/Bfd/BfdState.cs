namespace Kn.Bgp.Bfd;

/// <summary>How far a BFD session is, RFC 5880 §4.1; the values are those of the packet.</summary>
public enum BfdState : byte
{
    /// <summary>Switched off by an operator: says nothing of the path.</summary>
    AdminDown = 0,

    /// <summary>Nothing is heard, or the other side hears nothing.</summary>
    Down = 1,

    /// <summary>The other side is heard.</summary>
    Init = 2,

    /// <summary>Both hear each other.</summary>
    Up = 3,
}

/// <summary>Why a session went down, RFC 5880 §4.1.</summary>
public enum BfdDiagnostic : byte
{
    /// <summary>No reason.</summary>
    None = 0,

    /// <summary>Nothing was heard for the detection time.</summary>
    DetectionTimeExpired = 1,

    /// <summary>The echo function failed.</summary>
    EchoFailed = 2,

    /// <summary>The other side said so.</summary>
    NeighborSignaledDown = 3,

    /// <summary>The forwarding plane was reset.</summary>
    ForwardingPlaneReset = 4,

    /// <summary>A path of several went down.</summary>
    PathDown = 5,

    /// <summary>A part of the path went down.</summary>
    ConcatenatedPathDown = 6,

    /// <summary>An operator switched it off.</summary>
    AdministrativelyDown = 7,
}
