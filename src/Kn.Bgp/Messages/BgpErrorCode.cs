namespace Kn.Bgp.Messages;

/// <summary>Why a session is ended, RFC 4271 §4.5 and RFC 7313 §5.</summary>
public enum BgpErrorCode : byte
{
    /// <summary>The header of a message is wrong.</summary>
    MessageHeader = 1,

    /// <summary>An OPEN is wrong, or does not fit what is configured.</summary>
    OpenMessage = 2,

    /// <summary>An UPDATE is so wrong that it cannot even be taken as a withdrawal.</summary>
    UpdateMessage = 3,

    /// <summary>Nothing was heard for the hold time.</summary>
    HoldTimerExpired = 4,

    /// <summary>A message came when it must not.</summary>
    FiniteStateMachine = 5,

    /// <summary>The session is ended on purpose.</summary>
    Cease = 6,

    /// <summary>A ROUTE-REFRESH is wrong.</summary>
    RouteRefresh = 7,
}
