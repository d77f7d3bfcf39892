namespace Kn.Bgp.Sessions;

/// <summary>How far a session is, RFC 4271 §8.2.2.</summary>
public enum SessionState : byte
{
    /// <summary>Switched off, or waiting after a failure.</summary>
    Idle,

    /// <summary>A TCP connection is being made.</summary>
    Connect,

    /// <summary>Waiting for the peer's connection, or for the next try.</summary>
    Active,

    /// <summary>Our OPEN is on its way.</summary>
    OpenSent,

    /// <summary>The peer's OPEN was agreed to.</summary>
    OpenConfirm,

    /// <summary>Routes are exchanged.</summary>
    Established,
}
