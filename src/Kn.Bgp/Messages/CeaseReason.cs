namespace Kn.Bgp.Messages;

/// <summary>Why a session is ended on purpose: subcodes of Cease, RFC 4486 §3, RFC 8538 §3.1 and RFC 9384 §3.</summary>
public enum CeaseReason : byte
{
    /// <summary>Not told.</summary>
    Unspecific = 0,

    /// <summary>More prefixes came than are allowed.</summary>
    MaximumPrefixes = 1,

    /// <summary>The operator switched the peer off.</summary>
    AdministrativeShutdown = 2,

    /// <summary>The peer is not configured any more.</summary>
    PeerDeconfigured = 3,

    /// <summary>The operator restarted the session.</summary>
    AdministrativeReset = 4,

    /// <summary>The connection is not wanted.</summary>
    ConnectionRejected = 5,

    /// <summary>The peer's configuration changed.</summary>
    OtherConfigurationChange = 6,

    /// <summary>Of two connections the other one is kept.</summary>
    ConnectionCollision = 7,

    /// <summary>No memory, or another shortage.</summary>
    OutOfResources = 8,

    /// <summary>Routes are not to be kept, although graceful restart was agreed on for notifications too.</summary>
    HardReset = 9,

    /// <summary>BFD says that the path to the peer is gone.</summary>
    BfdDown = 10,
}
