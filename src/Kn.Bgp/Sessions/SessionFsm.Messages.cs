using Kn.Bgp.Messages;

namespace Kn.Bgp.Sessions;

/// <content>Messages of the peer.</content>
internal sealed partial class SessionFsm
{
    /// <summary>An OPEN that was read (event 19).</summary>
    internal void OpenReceived(int number, OpenMessage open, TimeSpan now)
    {
        if (Find(number) is not { } connection)
        {
            return;
        }

        if (connection.State != SessionState.OpenSent)
        {
            FailUnexpected(connection, BgpMessageType.Open, now);
            return;
        }

        if (AgreedSession.Of(options, connection.Own!, open, out var error) is not { } agreed)
        {
            Fail(connection, error!, now);
            return;
        }

        connection.Agreed = agreed;
        if (!SurvivesCollision(connection, now))
        {
            return;
        }

        connection.State = SessionState.OpenConfirm;
        connection.HoldDeadline = HoldDeadline(agreed, now);
        SendKeepalive(connection, now);
    }

    /// <summary>A KEEPALIVE (event 26).</summary>
    internal void KeepaliveReceived(int number, TimeSpan now)
    {
        if (Find(number) is not { } connection)
        {
            return;
        }

        switch (connection.State)
        {
            case SessionState.OpenConfirm:
                Establish(connection, now);
                break;
            case SessionState.Established:
                connection.HoldDeadline = HoldDeadline(connection.Agreed!, now);
                break;
            default:
                FailUnexpected(connection, BgpMessageType.Keepalive, now);
                break;
        }
    }

    /// <summary>An UPDATE (event 27) or a ROUTE-REFRESH.</summary>
    /// <returns>True when it may be read.</returns>
    internal bool RoutesReceived(int number, BgpMessageType type, TimeSpan now)
    {
        if (Find(number) is not { } connection)
        {
            return false;
        }

        if (connection.State != SessionState.Established)
        {
            FailUnexpected(connection, type, now);
            return false;
        }

        connection.HoldDeadline = HoldDeadline(connection.Agreed!, now);
        return true;
    }

    /// <summary>A NOTIFICATION (events 24 and 25).</summary>
    internal void NotificationReceived(int number, BgpError error, TimeSpan now)
    {
        if (Find(number) is { } connection)
        {
            var end = new SessionEnd(SessionEndCause.Received, error);
            End(connection, end);
            Recover(now, isError: !IsCollision(end));
        }
    }

    private static TimeSpan? HoldDeadline(AgreedSession agreed, TimeSpan now) => agreed.HoldTime > TimeSpan.Zero ? now + agreed.HoldTime : null;

    private void FailUnexpected(SessionConnection connection, BgpMessageType type, TimeSpan now)
    {
        byte subcode = connection.State switch
        {
            SessionState.OpenSent => 1,
            SessionState.OpenConfirm => 2,
            SessionState.Established => 3,
            _ => 0,
        };
        Fail(connection, BgpError.Unexpected(subcode, type), now);
    }

    private void Establish(SessionConnection connection, TimeSpan now)
    {
        foreach (var other in _connections.ToArray())
        {
            if (other != connection)
            {
                End(other, new SessionEnd(SessionEndCause.Sent, BgpError.Cease(CeaseReason.ConnectionCollision)));
            }
        }

        connection.State = SessionState.Established;
        connection.HoldDeadline = HoldDeadline(connection.Agreed!, now);
        _retryDeadline = null;
        _upSince = now;
        _hasBeenUp = true;
        _actions.Add(new SessionAction.Up(connection.Number, connection.Agreed!));
    }

    /// <summary>RFC 4271 §6.8: of two connections that could both become the session, that of the higher identifier is kept.</summary>
    private bool SurvivesCollision(SessionConnection connection, TimeSpan now)
    {
        foreach (var other in _connections.ToArray())
        {
            if (other == connection || other.State < SessionState.OpenConfirm)
            {
                continue;
            }

            if (other.State == SessionState.Established && other.Agreed!.Peer.Capabilities.GracefulRestart is not null)
            {
                // RFC 4724 §4.2: it has restarted, and we have not noticed yet.
                End(other, new SessionEnd(SessionEndCause.Replaced));
                continue;
            }

            var keepsOther = other.State == SessionState.Established || other.IsIncoming == IsPeersKept(connection.Agreed!.Peer);
            var loser = keepsOther ? connection : other;
            var reason = BgpError.Cease(CeaseReason.ConnectionCollision);
            End(loser, new SessionEnd(SessionEndCause.Sent, reason));
            if (loser == connection)
            {
                Recover(now, isError: false);
                return false;
            }
        }

        return true;
    }

    /// <summary>True when the connection that the peer made is kept; RFC 6286 §2.3 for speakers with one identifier.</summary>
    private bool IsPeersKept(OpenMessage peer) =>
        options.RouterId != peer.RouterId ? options.RouterId < peer.RouterId : options.LocalAs < peer.Asn;
}
