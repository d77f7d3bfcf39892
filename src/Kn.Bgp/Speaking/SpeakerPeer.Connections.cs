using System.Net.Sockets;
using Kn.Bgp.Messages;
using Kn.Bgp.Sessions;
using Kn.Primitives;

namespace Kn.Bgp.Speaking;

/// <content>Connections, and what comes over them.</content>
internal sealed partial class SpeakerPeer
{
    /// <summary>A connection that was asked for is there; null: it could not be made.</summary>
    internal void Connected(int number, Socket? socket)
    {
        if (!_connecting.Remove(number, out var attempt))
        {
            socket?.Dispose();
            return;
        }

        attempt.Dispose();
        if (socket is null)
        {
            Closed(number);
            return;
        }

        _connections[number] = _speaker.Open(this, number, socket);
        Fsm.Connected(number, _speaker.Now);
        Perform();
    }

    /// <summary>The peer connected.</summary>
    internal void Accepted(Socket socket)
    {
        if (Fsm.Accepted(_speaker.Now) is { } number)
        {
            _connections[number] = _speaker.Open(this, number, socket);
        }
        else
        {
            socket.Dispose();
        }

        Perform();
    }

    internal void Closed(int number)
    {
        Fsm.Closed(number, _speaker.Now);
        Perform();
    }

    /// <summary>Takes the whole messages at the start of a buffer.</summary>
    /// <returns>How many bytes that were; negative when the connection is not wanted any more.</returns>
    internal int Consume(int number, ReadOnlySpan<byte> buffer)
    {
        var consumed = 0;
        while (_connections.ContainsKey(number))
        {
            var rest = buffer[consumed..];
            var most = _agreed is { } agreed && number == _sessionNumber ? agreed.MaxMessageLength : MessageHeader.MaxLength;
            if (!MessageHeader.TryRead(rest, most, out var type, out var length, out var error))
            {
                if (error is null)
                {
                    return consumed;
                }

                Fsm.Fail(number, error, _speaker.Now);
                Perform();
                return -1;
            }

            if (rest.Length < length)
            {
                return consumed;
            }

            _messagesIn++;
            consumed += length;
            Handle(number, type, rest[..length]);
            Perform();
        }

        return -1;
    }

    private void Handle(int number, BgpMessageType type, ReadOnlySpan<byte> message)
    {
        var body = message[MessageHeader.Size..];
        switch (type)
        {
            case BgpMessageType.Open:
                if (OpenReader.Read(body, out var error) is { } open)
                {
                    Fsm.OpenReceived(number, open, _speaker.Now);
                }
                else
                {
                    Fsm.Fail(number, error!, _speaker.Now);
                }

                break;
            case BgpMessageType.Keepalive:
                // Without End-of-RIB, a pause in what it tells is taken for the end.
                _unheard = _agreed is { WantsEndOfRib: false } && number == _sessionNumber ? FamilySet.None : _unheard;
                Fsm.KeepaliveReceived(number, _speaker.Now);
                break;
            case BgpMessageType.Notification:
                Fsm.NotificationReceived(number, NotificationReader.Read(body), _speaker.Now);
                break;
            case BgpMessageType.Update when Fsm.RoutesReceived(number, type, _speaker.Now):
                HandleUpdate(number, body);
                break;
            case BgpMessageType.RouteRefresh when Fsm.RoutesReceived(number, type, _speaker.Now):
                HandleRouteRefresh(number, message);
                break;
            default:
                break;
        }
    }

    private void Perform()
    {
        foreach (var action in Fsm.TakeActions())
        {
            Perform(action);
        }
    }

    private void Perform(SessionAction action)
    {
        switch (action)
        {
            case SessionAction.Connect connect:
                var attempt = new CancellationTokenSource();
                _connecting[connect.Connection] = attempt;
                _speaker.Connect(this, connect.Connection, attempt.Token);
                break;
            case SessionAction.Close close:
                Close(close.Connection);
                break;
            case SessionAction.SendOpen open:
                MessageWriter.Open(_output, open.Open);
                FlushTo(open.Connection);
                break;
            case SessionAction.SendKeepalive keepalive:
                MessageWriter.Keepalive(_output);
                FlushTo(keepalive.Connection);
                break;
            case SessionAction.SendNotification notification:
                MessageWriter.Notification(_output, notification.Error);
                FlushTo(notification.Connection);
                break;
            case SessionAction.Up up:
                Begin(up);
                break;
            case SessionAction.Down down:
                End(down);
                break;
            default:
                throw new InvalidOperationException($"unknown action {action}");
        }
    }

    private void FlushTo(int number)
    {
        if (_connections.TryGetValue(number, out var connection))
        {
            Flush(connection);
        }

        _output.ResetWrittenCount();
    }

    private void Close(int number)
    {
        if (_connecting.Remove(number, out var attempt))
        {
            attempt.Cancel();
            attempt.Dispose();
        }

        if (_connections.Remove(number, out var connection))
        {
            connection.Close();
        }
    }

    private void Begin(SessionAction.Up up)
    {
        _agreed = up.Agreed;
        _session = _connections[up.Connection];
        _sessionNumber = up.Connection;
        _writer = new UpdateWriter(up.Agreed.MaxMessageLength, up.Agreed.FourOctetAs);
        _since = _speaker.Now;
        _sessions++;
        // One that has restarted itself waits for us; one without the capability sends no End-of-RIB; one that only helps does, though it names no family.
        _awaited = up.Agreed.Peer.Capabilities.GracefulRestart is { IsRestarting: false } ? up.Agreed.Families : FamilySet.None;
        _unheard = up.Agreed.Families;
        Rib.RouterId = up.Agreed.Peer.RouterId;
        Rib.ExtendedNextHop = up.Agreed.ExtendedNextHop;
        Rib.SessionAddress = _session.LocalAddress;
        Rib.Families = up.Agreed.Families;
        _speaker.Rib.RemovePaths(Rib, _stale.Resume(up.Agreed, _speaker.Now), staleOnly: true);
        _endOfRibDue = up.Agreed.WantsEndOfRib ? up.Agreed.Families : FamilySet.None;
        _speaker.Rib.SessionBegan(Rib);
        _speaker.Observer.SessionChanged(Options, SessionState.Established, end: null);
    }

    private void End(SessionAction.Down down)
    {
        _agreed = null;
        _session = null;
        _sessionNumber = 0;
        _refreshEndDue = FamilySet.None;
        _since = _speaker.Now;
        _speaker.Rib.SessionEnded(Rib);
        var earlier = _stale.Families;
        var gone = _stale.Begin(down.Agreed, down.IsKept, _speaker.Now);
        // What was stale already is not kept a second time (RFC 4724 §4.2).
        _speaker.Rib.RemovePaths(Rib, earlier & _stale.Families, staleOnly: true);
        _speaker.Rib.RemovePaths(Rib, gone, staleOnly: false);
        _speaker.Rib.MarkStale(Rib, _stale.Families);
        _speaker.Observer.SessionChanged(Options, Fsm.State, down.End);
    }

    private void HandleUpdate(int number, ReadOnlySpan<byte> body)
    {
        var agreed = _agreed!;
        var context = new UpdateContext(
            agreed.IsExternal, Options.PeerAs, agreed.FourOctetAs, agreed.Families.Has(IpFamily.V4), agreed.Families.Has(IpFamily.V6), agreed.ExtendedNextHop, Options.EnforceFirstAs);
        var update = UpdateReader.Read(body, context);
        if (update.Handling == UpdateHandling.ResetSession)
        {
            Fsm.Fail(number, update.Error!, _speaker.Now);
            return;
        }

        if (update.Error is { } error)
        {
            _faulty++;
            _speaker.Observer.FaultyUpdate(Options, error, update.Handling == UpdateHandling.TreatAsWithdraw);
        }

        Apply(update, context);
        if (update.EndOfRib is { } ended)
        {
            _awaited &= ~FamilySetExtensions.Of(ended);
            _unheard &= ~FamilySetExtensions.Of(ended);
            _speaker.Rib.RemovePaths(Rib, _stale.EndOfRib(ended), staleOnly: true);
        }

        CheckLimit(number, IpFamily.V4);
        CheckLimit(number, IpFamily.V6);
    }

    private void Apply(UpdateMessage update, UpdateContext context)
    {
        if (context.V4)
        {
            _speaker.Rib.Withdraw(Rib, IpFamily.V4, update.Withdrawn);
        }

        if (update.UnreachFamily is { } unreach)
        {
            _speaker.Rib.Withdraw(Rib, unreach, update.MultiprotocolWithdrawn);
        }

        if (context.V4)
        {
            Apply(IpFamily.V4, update.Announced, update.Attributes);
        }

        if (update.ReachFamily is { } reach)
        {
            Apply(reach, update.MultiprotocolAnnounced, update.MultiprotocolAttributes);
        }
    }

    /// <summary>Without attributes, what is announced is withdrawn (RFC 7606 §2).</summary>
    private void Apply(IpFamily family, ReadOnlySpan<byte> prefixes, Attributes.PathAttributes? attributes)
    {
        if (attributes is null)
        {
            _speaker.Rib.Withdraw(Rib, family, prefixes);
        }
        else
        {
            _speaker.Rib.Announce(Rib, family, prefixes, attributes);
        }
    }

    private void CheckLimit(int number, IpFamily family)
    {
        if (Options.MaxPrefixes > 0 && Rib.Received(family) > Options.MaxPrefixes)
        {
            Fsm.Fail(number, BgpError.TooManyPrefixes(BgpFamily.Unicast(family), Options.MaxPrefixes), _speaker.Now);
        }
    }

    /// <summary>RFC 2918 §4: what was not agreed on is passed over; RFC 7313 §4 and §5.</summary>
    private void HandleRouteRefresh(int number, ReadOnlySpan<byte> message)
    {
        if (RouteRefreshMessage.Read(message[MessageHeader.Size..]) is not { } refresh)
        {
            if (_agreed!.EnhancedRouteRefresh)
            {
                Fsm.Fail(number, BgpError.BadRouteRefreshLength(message), _speaker.Now);
            }

            return;
        }

        if (refresh.Family.Known is not { } family || !_agreed!.Families.Has(family))
        {
            return;
        }

        switch (refresh.Kind)
        {
            case RouteRefreshKind.Request:
                _speaker.Rib.TellAgain(Rib, family);
                if (_agreed.EnhancedRouteRefresh)
                {
                    MessageWriter.RouteRefresh(_output, refresh.Family, RouteRefreshKind.Begin);
                    Flush(_session!);
                    _refreshEndDue |= FamilySetExtensions.Of(family);
                }

                break;
            case RouteRefreshKind.Begin when _agreed.EnhancedRouteRefresh:
                _speaker.Rib.MarkStale(Rib, FamilySetExtensions.Of(family));
                break;
            case RouteRefreshKind.End when _agreed.EnhancedRouteRefresh:
                _speaker.Rib.RemovePaths(Rib, FamilySetExtensions.Of(family), staleOnly: true);
                break;
            default:
                break;
        }
    }
}
