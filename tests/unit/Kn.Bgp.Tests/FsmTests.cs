using Kn.Bgp.Messages;
using Kn.Bgp.Sessions;
using Kn.Primitives;

namespace Kn.Bgp.Tests;

/// <summary>The state machine by itself: what it is told, and what it asks for, in words.</summary>
public sealed class FsmTests
{
    private static readonly SessionOptions Options = new()
    {
        LocalAs = 64512,
        PeerAs = 65001,
        RouterId = 0x0A00_0001,
        HoldTime = TimeSpan.FromSeconds(90),
        RestartTime = TimeSpan.FromSeconds(120),
    };

    private SessionFsm _fsm = new(Options, static () => 1);
    private TimeSpan _now = TimeSpan.FromSeconds(1000);

    private string Acts => string.Join(", ", _fsm.TakeActions().Select(Say));

    private static string Say(SessionAction action) => action switch
    {
        SessionAction.Connect connect => $"connect {connect.Connection}",
        SessionAction.Close close => $"close {close.Connection}",
        SessionAction.SendOpen open => $"open {open.Connection}",
        SessionAction.SendKeepalive keepalive => $"keepalive {keepalive.Connection}",
        SessionAction.SendNotification notification => $"notify {notification.Connection} {(byte)notification.Error.Code}/{notification.Error.Subcode}",
        SessionAction.Up up => $"up {up.Connection}",
        SessionAction.Down down => down.IsKept ? "down kept" : "down",
        _ => "?",
    };

    private static OpenMessage Peer(uint routerId = 0x0A00_0002, uint asn = 65001, ushort hold = 90, bool restarts = false, FamilySet families = FamilySet.Both, bool notifications = false) =>
        new(asn, hold, routerId, new Capabilities
        {
            Families = families.ToFamilies(),
            RouteRefresh = true,
            FourOctetAs = asn,
            GracefulRestart = restarts ? new GracefulRestartCapability(false, notifications, 120, [new(BgpFamily.V4Unicast, true)]) : null,
        });

    private string After(double seconds)
    {
        _now += TimeSpan.FromSeconds(seconds);
        _fsm.Tick(_now);
        return Acts;
    }

    private void Establish(OpenMessage peer)
    {
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        _fsm.OpenReceived(1, peer, _now);
        _fsm.KeepaliveReceived(1, _now);
        Assert.Equal("connect 1, open 1, keepalive 1, up 1", Acts);
        Assert.Equal(SessionState.Established, _fsm.State);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void Session_GoesThroughItsStates()
    {
        Assert.Equal(SessionState.Idle, _fsm.State);
        _fsm.Start(_now);
        Assert.Equal(SessionState.Connect, _fsm.State);
        _fsm.Connected(1, _now);
        Assert.Equal(SessionState.OpenSent, _fsm.State);
        _fsm.OpenReceived(1, Peer(), _now);
        Assert.Equal(SessionState.OpenConfirm, _fsm.State);
        _fsm.KeepaliveReceived(1, _now);
        Assert.Equal(SessionState.Established, _fsm.State);
        Assert.Equal("connect 1, open 1, keepalive 1, up 1", Acts);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void ConnectionThatCannotBeMade_IsTriedAgain_AfterTheRetryTime()
    {
        _fsm.Start(_now);
        _fsm.Closed(1, _now);
        Assert.Equal("connect 1, close 1", Acts);
        Assert.Equal(SessionState.Active, _fsm.State);
        Assert.Equal("", After(4.9));
        Assert.Equal("connect 2", After(0.2));
        Assert.Equal("close 2, connect 3", After(5.1));
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void Times_AreShortenedByUpToAQuarter()
    {
        _fsm = new SessionFsm(Options, static () => 0);
        Establish(Peer());
        Assert.Equal(_now + TimeSpan.FromSeconds(22.5), _fsm.NextDeadline);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void PassivePeer_WaitsForTheOther()
    {
        _fsm = new SessionFsm(Options with { IsPassive = true }, static () => 1);
        _fsm.Start(_now);
        Assert.Equal("", After(1000));
        Assert.Equal(SessionState.Active, _fsm.State);
        Assert.Equal(1, _fsm.Accepted(_now));
        Assert.Equal("open 1", Acts);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void HoldTime_IsTheLowerOne_AndSilenceEndsTheSession()
    {
        Establish(Peer(hold: 30));
        Assert.Equal("keepalive 1", After(10));
        Assert.Equal("keepalive 1", After(10));
        Assert.Equal("notify 1 4/0, close 1, down", After(10));
        Assert.Equal(SessionState.Idle, _fsm.State);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void KeepalivesAndUpdates_ProlongTheSession()
    {
        Establish(Peer(hold: 30));
        After(20);
        _fsm.KeepaliveReceived(1, _now);
        Assert.Equal("keepalive 1", After(20));
        Assert.True(_fsm.RoutesReceived(1, BgpMessageType.Update, _now));
        Assert.Equal("keepalive 1", After(29));
        Assert.Equal("notify 1 4/0, close 1, down", After(1));
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void HoldTimeOfZero_LetsBothBeSilent()
    {
        Establish(Peer(hold: 0));
        Assert.Null(_fsm.NextDeadline);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void OpenThatDoesNotCome_EndsTheTry_AfterFourMinutes()
    {
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        Assert.Equal("connect 1, open 1", Acts);
        Assert.Equal("", After(239));
        Assert.Equal("notify 1 4/0, close 1", After(1));
    }

    [Conformance("bgp", "Sessions")]
    [Theory]
    [InlineData(65002, 0x0A000002, "2/2")]
    [InlineData(65001, 0x0A000002, "")]
    public void Open_OfAnotherAs_IsRefused(uint asn, uint routerId, string error)
    {
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        _ = Acts;
        _fsm.OpenReceived(1, Peer(routerId, asn), _now);
        Assert.Equal(error.Length == 0 ? "keepalive 1" : $"notify 1 {error}, close 1", Acts);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void InternalPeer_WithOurIdentifier_IsRefused()
    {
        _fsm = new SessionFsm(Options with { PeerAs = 64512 }, static () => 1);
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        _ = Acts;
        _fsm.OpenReceived(1, Peer(Options.RouterId, 64512), _now);
        Assert.Equal("notify 1 2/3, close 1", Acts);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void PeerWithoutACommonFamily_IsToldWhichIsMissed()
    {
        _fsm = new SessionFsm(Options with { Families = FamilySet.V6 }, static () => 1);
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        _fsm.OpenReceived(1, Peer(families: FamilySet.V4), _now);
        Assert.Equal(new BgpError(BgpErrorCode.OpenMessage, 7, [1, 4, 0, 2, 0, 1]), _fsm.TakeActions().OfType<SessionAction.SendNotification>().Single().Error);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void MessageThatMustNotComeYet_IsAStateMachineError_ThatNamesTheState()
    {
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        Assert.False(_fsm.RoutesReceived(1, BgpMessageType.Update, _now));
        Assert.Equal("connect 1, open 1, notify 1 5/1, close 1", Acts);
        After(1);
        _fsm.Connected(2, _now);
        _fsm.OpenReceived(2, Peer(), _now);
        _fsm.OpenReceived(2, Peer(), _now);
        Assert.EndsWith("notify 2 5/2, close 2", Acts, StringComparison.Ordinal);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void Failures_KeepThePeerIdle_LongerEachTime()
    {
        _fsm.Start(_now);
        var waits = new List<double>();
        for (var i = 1; i <= 8; i++)
        {
            _fsm.Connected(i, _now);
            _fsm.NotificationReceived(i, BgpError.BadPeerAs, _now);
            Assert.Equal(SessionState.Idle, _fsm.State);
            Assert.Null(_fsm.Accepted(_now));
            var wait = _fsm.NextDeadline!.Value - _now;
            waits.Add(wait.TotalSeconds);
            _ = Acts;
            After(wait.TotalSeconds);
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60], waits);
    }

    [Conformance("bgp", "Sessions")]
    [Theory]
    [InlineData(0x0A000002, true)]
    [InlineData(0x09000001, false)]
    public void Collision_KeepsTheConnectionOfTheHigherIdentifier(uint peerId, bool keepsIncoming)
    {
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        Assert.Equal(2, _fsm.Accepted(_now));
        Assert.Equal("connect 1, open 1, open 2", Acts);
        _fsm.OpenReceived(1, Peer(peerId), _now);
        Assert.Equal("keepalive 1", Acts);
        _fsm.OpenReceived(2, Peer(peerId), _now);
        Assert.Equal(keepsIncoming ? "notify 1 6/7, close 1, keepalive 2" : "notify 2 6/7, close 2", Acts);
        _fsm.KeepaliveReceived(keepsIncoming ? 2 : 1, _now);
        Assert.Equal(keepsIncoming ? "up 2" : "up 1", Acts);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void Collision_WithASession_IsLostByTheNewConnection()
    {
        Establish(Peer());
        Assert.Equal(2, _fsm.Accepted(_now));
        _fsm.OpenReceived(2, Peer(), _now);
        Assert.Equal("open 2, notify 2 6/7, close 2", Acts);
        Assert.Equal(SessionState.Established, _fsm.State);
    }

    [Conformance("bgp", "Sessions")]
    [Fact]
    public void Stop_EndsTheSession_WithTheOperatorsReason()
    {
        Establish(Peer());
        _fsm.Stop(BgpError.Cease(CeaseReason.AdministrativeShutdown, "bye"));
        Assert.Equal("notify 1 6/2, close 1, down", Acts);
        Assert.Null(_fsm.NextDeadline);
        Assert.Null(_fsm.Accepted(_now));
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void LostConnection_OfAPeerThatCanRestart_KeepsItsRoutes()
    {
        Establish(Peer(restarts: true));
        _fsm.Closed(1, _now);
        Assert.Equal("close 1, down kept", Acts);
        Assert.Equal(SessionState.Active, _fsm.State);
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void Notification_LosesTheRoutes_UnlessBothSaidOtherwise()
    {
        Establish(Peer(restarts: true));
        _fsm.NotificationReceived(1, BgpError.HoldTimerExpired, _now);
        Assert.Equal("close 1, down", Acts);
        _fsm = new SessionFsm(Options, static () => 1);
        Establish(Peer(restarts: true, notifications: true));
        _fsm.NotificationReceived(1, BgpError.HoldTimerExpired, _now);
        Assert.Equal("close 1, down kept", Acts);
        _fsm = new SessionFsm(Options, static () => 1);
        Establish(Peer(restarts: true, notifications: true));
        _fsm.NotificationReceived(1, BgpError.Cease(CeaseReason.AdministrativeShutdown).AsHardReset(), _now);
        Assert.Equal("close 1, down", Acts);
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void OwnShutdown_IsAHardReset_WhereNotificationsKeepRoutes()
    {
        Establish(Peer(restarts: true, notifications: true));
        _fsm.Stop(BgpError.Cease(CeaseReason.AdministrativeShutdown));
        Assert.Equal("notify 1 6/9, close 1, down", Acts);
    }

    [Conformance("bgp", "BFD")]
    [Fact]
    public void PathThatIsGone_KeepsNoRoutes_AndIsAHardReset_WhereNotificationsKeepThem()
    {
        Establish(Peer(restarts: true));
        _fsm.Reset(BgpError.Cease(CeaseReason.BfdDown), _now);
        Assert.Equal("notify 1 6/10, close 1, down", Acts);
        _fsm = new SessionFsm(Options, static () => 1);
        Establish(Peer(restarts: true, notifications: true));
        _fsm.Reset(BgpError.Cease(CeaseReason.BfdDown), _now);
        Assert.Equal("notify 1 6/9, close 1, down", Acts);
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void PeerThatRestarted_ReplacesItsOldSession()
    {
        Establish(Peer(restarts: true));
        _fsm.Accepted(_now);
        _fsm.OpenReceived(2, Peer(restarts: true), _now);
        Assert.Equal("open 2, close 1, down kept, keepalive 2", Acts);
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void OwnRestart_IsToldInTheOpen()
    {
        _fsm.IsRestarting = true;
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        var restart = _fsm.TakeActions().OfType<SessionAction.SendOpen>().Single().Open.Capabilities.GracefulRestart!;
        Assert.True(restart is { IsRestarting: true, ForNotifications: true, RestartSeconds: 120 });
        Assert.All(restart.Families.ToArray(), static family => Assert.True(family.IsForwardingPreserved));
        Assert.Equal(2, restart.Families.Count);
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void ForwardingIsToldAsPreserved_AfterASession_ButNotAfterABoot()
    {
        bool IsPreserved() => _fsm.TakeActions().OfType<SessionAction.SendOpen>().Last().Open.Capabilities.GracefulRestart!.Families[0].IsForwardingPreserved;
        _fsm.Start(_now);
        _fsm.Connected(1, _now);
        Assert.False(IsPreserved());
        _fsm.OpenReceived(1, Peer(), _now);
        _fsm.KeepaliveReceived(1, _now);
        _fsm.Closed(1, _now);
        After(5);
        _fsm.Connected(2, _now);
        Assert.True(IsPreserved());
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void StaleRoutes_GoWithTheEndOfRib_OrWhenTheTimeIsOver()
    {
        var agreed = AgreedSession.Of(Options, new OpenMessage(64512, 90, 1, Own()), Peer(restarts: true), out _)!;
        var stale = new StaleRoutes(TimeSpan.FromSeconds(300));
        Assert.Equal(FamilySet.V6, stale.Begin(agreed, isKept: true, _now));
        Assert.Equal(_now + TimeSpan.FromSeconds(120), stale.Deadline);
        Assert.Equal(FamilySet.None, stale.Resume(agreed, _now));
        Assert.Equal(FamilySet.None, stale.EndOfRib(IpFamily.V6));
        Assert.Equal(FamilySet.V4, stale.EndOfRib(IpFamily.V4));
        stale.Begin(agreed, isKept: true, _now);
        Assert.Equal(FamilySet.None, stale.Tick(_now + TimeSpan.FromSeconds(119)));
        Assert.Equal(FamilySet.V4, stale.Tick(_now + TimeSpan.FromSeconds(120)));
    }

    [Conformance("bgp", "Graceful restart")]
    [Fact]
    public void PeerWhoseForwardingDidNotSurvive_LosesItsRoutes_WhenItIsBack()
    {
        var agreed = AgreedSession.Of(Options, new OpenMessage(64512, 90, 1, Own()), Peer(restarts: true), out _)!;
        var peer = Peer(restarts: true);
        var cold = agreed with { Peer = peer with { Capabilities = peer.Capabilities with { GracefulRestart = new GracefulRestartCapability(true, false, 120, [new(BgpFamily.V4Unicast, false)]) } } };
        var stale = new StaleRoutes(TimeSpan.FromSeconds(300));
        stale.Begin(agreed, isKept: true, _now);
        Assert.Equal(FamilySet.V4, stale.Resume(cold, _now));
    }

    private static Capabilities Own() => new()
    {
        Families = FamilySet.Both.ToFamilies(),
        FourOctetAs = 64512,
        GracefulRestart = new GracefulRestartCapability(false, true, 120, [new(BgpFamily.V4Unicast, true), new(BgpFamily.V6Unicast, true)]),
    };
}
