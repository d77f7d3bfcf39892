using Kn.Bgp.Messages;

namespace Kn.Bgp.Sessions;

/// <summary>One of a peer's TCP connections, as the state machine sees it: there may be two until it is known which one is kept.</summary>
internal sealed class SessionConnection(int number, bool isIncoming)
{
    internal int Number { get; } = number;

    internal bool IsIncoming { get; } = isIncoming;

    /// <summary>Connect, OpenSent, OpenConfirm or Established.</summary>
    internal SessionState State { get; set; } = SessionState.Connect;

    /// <summary>Our OPEN.</summary>
    internal OpenMessage? Own { get; set; }

    internal AgreedSession? Agreed { get; set; }

    /// <summary>When silence ends it; null: never.</summary>
    internal TimeSpan? HoldDeadline { get; set; }

    /// <summary>When something must have been sent.</summary>
    internal TimeSpan? KeepaliveDeadline { get; set; }
}
