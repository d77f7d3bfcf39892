using Kn.Bgp.Messages;

namespace Kn.Bgp.Sessions;

/// <summary>What the state machine wants done. Connections are known by numbers that it gives and never uses again.</summary>
internal abstract record SessionAction
{
    /// <summary>Make a TCP connection, and tell how that went.</summary>
    internal sealed record Connect(int Connection) : SessionAction;

    /// <summary>Close it, once what was sent is on its way; nothing of it is wanted any more.</summary>
    internal sealed record Close(int Connection) : SessionAction;

    internal sealed record SendOpen(int Connection, OpenMessage Open) : SessionAction;

    internal sealed record SendKeepalive(int Connection) : SessionAction;

    internal sealed record SendNotification(int Connection, BgpError Error) : SessionAction;

    /// <summary>Routes may be exchanged.</summary>
    internal sealed record Up(int Connection, AgreedSession Agreed) : SessionAction;

    /// <summary>No more routes are exchanged.</summary>
    /// <param name="Agreed">What had been agreed on.</param>
    /// <param name="End">Why.</param>
    /// <param name="IsKept">The peer's routes stay, marked as stale, until it is back (RFC 4724 §4.2).</param>
    internal sealed record Down(AgreedSession Agreed, SessionEnd End, bool IsKept) : SessionAction;
}
