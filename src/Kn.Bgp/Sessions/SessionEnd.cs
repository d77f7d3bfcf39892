using Kn.Bgp.Messages;

namespace Kn.Bgp.Sessions;

/// <summary>Why a session or a try of one ended.</summary>
/// <param name="Cause">Who ended it.</param>
/// <param name="Error">What was sent or received; null when the connection just went.</param>
public sealed record SessionEnd(SessionEndCause Cause, BgpError? Error = null)
{
    /// <summary>'received …', 'sent …' or what happened to the connection.</summary>
    public override string ToString() => Cause switch
    {
        SessionEndCause.ConnectionLost => "connection lost",
        SessionEndCause.ConnectionFailed => "no connection",
        SessionEndCause.Replaced => "the peer connected anew",
        SessionEndCause.Received => $"received {Error}",
        _ => $"sent {Error}",
    };
}

/// <summary>Who ended a session.</summary>
public enum SessionEndCause
{
    /// <summary>No TCP connection could be made.</summary>
    ConnectionFailed,

    /// <summary>The TCP connection was closed or reset without a word.</summary>
    ConnectionLost,

    /// <summary>The peer, which had told that it can restart, opened a new connection (RFC 4724 §4.2).</summary>
    Replaced,

    /// <summary>The peer sent a NOTIFICATION.</summary>
    Received,

    /// <summary>We did.</summary>
    Sent,

    /// <summary>We did, because it was asked for: nothing of the peer is kept.</summary>
    Stopped,
}
