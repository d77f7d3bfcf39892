using Kn.Bgp.Messages;
using Kn.Primitives;

namespace Kn.Bgp.Sessions;

/// <summary>The state machine of one peer: told what happens and what time it is, it says what to do. It does nothing itself.</summary>
/// <remarks>
/// <para>RFC 4271 §8, with a connection each way until the collision is resolved (§6.8), and one retry timer for the peer.
/// After an error the peer stays idle, longer each time (DampPeerOscillations, §8.1.1).</para>
/// <para>Time is counted from any fixed point. For one thread.</para>
/// </remarks>
/// <param name="options">The peer.</param>
/// <param name="random">Numbers from 0 to 1, for jitter (§10).</param>
internal sealed partial class SessionFsm(SessionOptions options, Func<double> random)
{
    /// <summary>RFC 4271 §8.2.2: "a large value", 4 minutes, until the OPEN is there.</summary>
    private static readonly TimeSpan OpenHoldTime = TimeSpan.FromMinutes(4);

    private readonly List<SessionConnection> _connections = [];
    private readonly List<SessionAction> _actions = [];
    private bool _isStarted;
    private int _lastNumber;
    private int _failures;
    private TimeSpan? _retryDeadline;
    private TimeSpan? _idleDeadline;
    private TimeSpan _upSince;
    private bool _hasBeenUp;

    /// <summary>How far the furthest connection is.</summary>
    internal SessionState State
    {
        get
        {
            var state = !_isStarted || _idleDeadline is not null ? SessionState.Idle : SessionState.Active;
            foreach (var connection in _connections)
            {
                state = connection.State == SessionState.Connect ? (state == SessionState.Active ? SessionState.Connect : state)
                    : connection.State > state ? connection.State
                    : state;
            }

            return state;
        }
    }

    /// <summary>We have just started, and our forwarding outlived that: the peer shall keep our routes (R and F bits, RFC 4724 §4.1).</summary>
    internal bool IsRestarting { get; set; }

    /// <summary>How the last session, or try of one, ended.</summary>
    internal SessionEnd? LastEnd { get; private set; }

    /// <summary>When <see cref="Tick"/> has something to do; null: never.</summary>
    internal TimeSpan? NextDeadline
    {
        get
        {
            var next = Earlier(_retryDeadline, _idleDeadline);
            foreach (var connection in _connections)
            {
                next = Earlier(next, Earlier(connection.HoldDeadline, connection.KeepaliveDeadline));
            }

            return next;
        }
    }

    /// <summary>What is to be done, in order; forgotten with the call.</summary>
    internal SessionAction[] TakeActions()
    {
        if (_actions.Count == 0)
        {
            return [];
        }

        var actions = _actions.ToArray();
        _actions.Clear();
        return actions;
    }

    /// <summary>The operator wants the session (event 1).</summary>
    internal void Start(TimeSpan now)
    {
        if (!_isStarted)
        {
            _isStarted = true;
            BecomeActive(now, atOnce: true);
        }
    }

    /// <summary>The operator does not want it any more (event 2).</summary>
    internal void Stop(BgpError reason)
    {
        _isStarted = false;
        _failures = 0;
        _retryDeadline = null;
        _idleDeadline = null;
        while (_connections.Count > 0)
        {
            End(_connections[^1], new SessionEnd(SessionEndCause.Stopped, reason));
        }
    }

    /// <summary>Goes without a word, so that peers that were promised a restart keep our routes (RFC 4724 §4.1).</summary>
    internal void Abandon()
    {
        _isStarted = false;
        _retryDeadline = null;
        _idleDeadline = null;
        foreach (var connection in _connections)
        {
            _actions.Add(new SessionAction.Close(connection.Number));
        }

        _connections.Clear();
    }

    /// <summary>The connection that was asked for is there (event 16).</summary>
    internal void Connected(int number, TimeSpan now)
    {
        if (Find(number) is { State: SessionState.Connect } connection)
        {
            SendOpen(connection, now);
        }
    }

    /// <summary>The peer connected (event 17).</summary>
    /// <returns>The connection's number; null when it is to be closed.</returns>
    internal int? Accepted(TimeSpan now)
    {
        if (!_isStarted || _idleDeadline is not null)
        {
            return null;
        }

        // A peer that connects twice has lost the first one; that of a session is judged when the OPEN is there.
        if (_connections.Find(static other => other.IsIncoming && other.State != SessionState.Established) is { } earlier)
        {
            Drop(earlier);
        }

        var connection = new SessionConnection(++_lastNumber, isIncoming: true);
        _connections.Add(connection);
        SendOpen(connection, now);
        return connection.Number;
    }

    /// <summary>The connection could not be made, or is gone (event 18).</summary>
    internal void Closed(int number, TimeSpan now)
    {
        if (Find(number) is { } connection)
        {
            var cause = connection.State == SessionState.Connect ? SessionEndCause.ConnectionFailed : SessionEndCause.ConnectionLost;
            End(connection, new SessionEnd(cause));
            Recover(now, isError: false);
        }
    }

    /// <summary>Something is so wrong that the session ends with this NOTIFICATION.</summary>
    internal void Fail(int number, BgpError error, TimeSpan now)
    {
        if (Find(number) is { } connection)
        {
            Fail(connection, error, now);
        }
    }

    /// <summary>Ends the session, if there is one, with this NOTIFICATION; it may come back.</summary>
    internal void Reset(BgpError error, TimeSpan now)
    {
        foreach (var connection in _connections.ToArray())
        {
            Fail(connection, error, now);
        }
    }

    /// <summary>Does what is due (events 9 to 11 and 13).</summary>
    internal void Tick(TimeSpan now)
    {
        foreach (var connection in _connections.ToArray())
        {
            if (connection.HoldDeadline <= now)
            {
                Fail(connection, BgpError.HoldTimerExpired, now);
            }
            else if (connection.KeepaliveDeadline <= now)
            {
                SendKeepalive(connection, now);
            }
        }

        if (_idleDeadline <= now)
        {
            _idleDeadline = null;
            BecomeActive(now, atOnce: true);
        }

        if (_retryDeadline <= now)
        {
            Retry(now);
        }
    }

    private SessionConnection? Find(int number) => _connections.Find(connection => connection.Number == number);

    private void BecomeActive(TimeSpan now, bool atOnce)
    {
        _retryDeadline = options.IsPassive ? null : atOnce ? now : now + Jittered(options.ConnectRetry);
        if (_retryDeadline <= now)
        {
            Retry(now);
        }
    }

    private void Retry(TimeSpan now)
    {
        _retryDeadline = null;
        if (_connections.Find(static connection => connection.State == SessionState.Connect) is { } slow)
        {
            Drop(slow);
        }

        if (_connections.Count > 0)
        {
            return;
        }

        var connection = new SessionConnection(++_lastNumber, isIncoming: false);
        _connections.Add(connection);
        _actions.Add(new SessionAction.Connect(connection.Number));
        _retryDeadline = now + Jittered(options.ConnectRetry);
    }

    private void SendOpen(SessionConnection connection, TimeSpan now)
    {
        connection.State = SessionState.OpenSent;
        connection.HoldDeadline = now + OpenHoldTime;
        connection.Own = OwnOpen();
        _actions.Add(new SessionAction.SendOpen(connection.Number, connection.Own));
        if (!_connections.Exists(static other => other.State == SessionState.Connect))
        {
            _retryDeadline = null;
        }
    }

    private OpenMessage OwnOpen()
    {
        var families = options.Families.ToFamilies();
        // RFC 4724 §3: what was forwarded before the session was lost still is, unless the node has booted.
        var isPreserved = IsRestarting || options.IsForwardingPreserved || _hasBeenUp;
        var restart = options.RestartTime <= TimeSpan.Zero
            ? null
            : new GracefulRestartCapability(
                IsRestarting,
                ForNotifications: true,
                (ushort)Math.Min(4095, (int)options.RestartTime.TotalSeconds),
                families.Select(family => new GracefulRestartFamily(family, isPreserved)).ToValueList());
        return new OpenMessage(options.LocalAs, (ushort)Math.Min(ushort.MaxValue, options.HoldTime.TotalSeconds), options.RouterId, new Capabilities
        {
            Families = families,
            RouteRefresh = true,
            // FRR (seen with 8.4 and told of 10.0) never answers a peer that has this without graceful restart: https://github.com/FRRouting/frr/issues/16126.
            EnhancedRouteRefresh = restart is not null,
            ExtendedMessages = true,
            FourOctetAs = options.LocalAs,
            ExtendedNextHop = options.ExtendedNextHop && options.Families.Has(IpFamily.V4) ? [BgpFamily.V4Unicast] : default,
            GracefulRestart = restart,
        });
    }

    private void SendKeepalive(SessionConnection connection, TimeSpan now)
    {
        _actions.Add(new SessionAction.SendKeepalive(connection.Number));
        connection.KeepaliveDeadline = connection.Agreed is { HoldTime.Ticks: > 0 } agreed ? now + Jittered(agreed.KeepaliveTime) : null;
    }

    private void Fail(SessionConnection connection, BgpError error, TimeSpan now)
    {
        End(connection, new SessionEnd(SessionEndCause.Sent, error));
        Recover(now, isError: true);
    }

    /// <summary>Ends one connection, with a NOTIFICATION where we have one to send, and the session when it was this connection's.</summary>
    private void End(SessionConnection connection, SessionEnd end)
    {
        LastEnd = IsCollision(end) ? LastEnd : end;
        if (end is { Cause: SessionEndCause.Sent or SessionEndCause.Stopped, Error: { } error } && connection.State >= SessionState.OpenSent)
        {
            // RFC 8538 §3.1: where routes are kept after a NOTIFICATION, one that means it must say so. That the path is gone is meant (RFC 9384 §3).
            var isHard = (end.Cause == SessionEndCause.Stopped || IsPathGone(end)) && connection.Agreed is { KeepsAfterNotification: true };
            _actions.Add(new SessionAction.SendNotification(connection.Number, isHard ? error.AsHardReset() : error));
        }

        Drop(connection);
        if (connection is { State: SessionState.Established, Agreed: { } agreed })
        {
            _actions.Add(new SessionAction.Down(agreed, end, IsKept(agreed, end)));
        }
    }

    private void Drop(SessionConnection connection)
    {
        _connections.Remove(connection);
        _actions.Add(new SessionAction.Close(connection.Number));
    }

    /// <summary>A collision is no failure: the other connection goes on.</summary>
    private static bool IsCollision(SessionEnd end) => end.Error is { Code: BgpErrorCode.Cease, Subcode: (byte)CeaseReason.ConnectionCollision };

    /// <summary>What BFD says is not a restart: packets would go nowhere meanwhile (RFC 5882 §4.3).</summary>
    private static bool IsPathGone(SessionEnd end) => end.Error is { Code: BgpErrorCode.Cease, Subcode: (byte)CeaseReason.BfdDown };

    /// <summary>RFC 4724 §4.2 and RFC 8538 §4.1.</summary>
    private static bool IsKept(AgreedSession agreed, SessionEnd end) => agreed.Kept != FamilySet.None && end.Cause switch
    {
        SessionEndCause.ConnectionLost or SessionEndCause.Replaced => true,
        SessionEndCause.Sent when IsPathGone(end) => false,
        SessionEndCause.Received or SessionEndCause.Sent =>
            agreed.KeepsAfterNotification && end.Error is not { Code: BgpErrorCode.Cease, Subcode: (byte)CeaseReason.HardReset or (byte)CeaseReason.MaximumPrefixes },
        _ => false,
    };

    /// <summary>What comes after a connection ended.</summary>
    private void Recover(TimeSpan now, bool isError)
    {
        if (!_isStarted || _connections.Count > 0)
        {
            return;
        }

        if (!isError)
        {
            BecomeActive(now, atOnce: false);
            return;
        }

        _failures = _upSince != default && now - _upSince > options.MaxIdleHold ? 0 : _failures;
        _upSince = default;
        var hold = options.IdleHold * Math.Pow(2, Math.Min(_failures++, 16));
        _retryDeadline = null;
        _idleDeadline = now + Jittered(hold < options.MaxIdleHold ? hold : options.MaxIdleHold);
    }

    /// <summary>RFC 4271 §10: times are shortened by up to a quarter.</summary>
    private TimeSpan Jittered(TimeSpan time) => time * (0.75 + (0.25 * random()));

    private static TimeSpan? Earlier(TimeSpan? left, TimeSpan? right) => left is null || right < left ? right ?? left : left;
}
