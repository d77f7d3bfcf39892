namespace Kn.Bgp.Bfd;

/// <summary>The state machine of one session, in asynchronous mode: told of packets and time, it says what to send and when. Does nothing itself.</summary>
/// <remarks>RFC 5880 §6.8. Intervals are negotiated: the slower of what one side wants to send and the other can take (§6.8.2 to §6.8.4).</remarks>
internal sealed class BfdSession
{
    /// <summary>RFC 5880 §6.8.3: while the session is not up, no faster than this.</summary>
    private static readonly TimeSpan SlowInterval = TimeSpan.FromSeconds(1);

    private readonly BfdPeerOptions _options;
    private readonly Func<double> _random;
    private BfdPacket? _remote;
    private TimeSpan _sendInterval = SlowInterval;
    private TimeSpan _agreedSend;
    private bool _isPolling;
    private TimeSpan _nextSend;
    private TimeSpan? _detect;
    private TimeSpan? _pause;

    /// <summary>A session that is down.</summary>
    /// <param name="options">The neighbour.</param>
    /// <param name="discriminator">A number that no other session here has, not 0.</param>
    /// <param name="random">Numbers from 0 to 1, for jitter.</param>
    /// <param name="now">The time, from any fixed point.</param>
    internal BfdSession(BfdPeerOptions options, uint discriminator, Func<double> random, TimeSpan now)
    {
        _options = options;
        _random = random;
        Discriminator = discriminator;
        _nextSend = now;
        _agreedSend = SlowInterval;
    }

    /// <summary>Goes on with a session that an earlier process paused: up, until the neighbour says or silence shows that it is not.</summary>
    internal BfdSession(BfdPeerOptions options, PausedPath paused, Func<double> random, TimeSpan now)
        : this(options, paused.Mine, random, now)
    {
        _remote = paused.Heard;
        State = BfdState.Up;
        IsConfirmed = false;
        UpdateIntervals(now);
        _isPolling = true;
        _detect = now + SlowInterval + DetectionTime;
    }

    internal uint Discriminator { get; }

    /// <summary>False for a session that goes on after a pause, before the neighbour was heard to go on with it, too.</summary>
    internal bool IsConfirmed { get; private set; } = true;

    /// <summary>The neighbour knows that it will hear nothing for a while.</summary>
    internal bool IsPaused => _pause is not null && State == BfdState.Up && !_isPolling;

    /// <summary>The neighbour is being told of a pause.</summary>
    internal bool IsPausing => _pause is not null && State == BfdState.Up && _isPolling;

    internal BfdState State { get; private set; } = BfdState.Down;

    /// <summary>The reason of the last change downwards.</summary>
    internal BfdDiagnostic Diagnostic { get; private set; }

    /// <summary>The other side was switched off: the path may well be sound (RFC 5882 §4.1).</summary>
    internal bool IsRemoteAdminDown => _remote is { State: BfdState.AdminDown };

    /// <summary>Silence that takes the session down; zero before the other side was heard (RFC 5880 §6.8.4).</summary>
    internal TimeSpan DetectionTime => _remote is { } remote ? Longer(_options.ReceiveInterval, Micro(remote.SendMicroseconds)) * remote.Multiplier : TimeSpan.Zero;

    /// <summary>When <see cref="Tick"/> has something to do.</summary>
    internal TimeSpan NextDeadline => _detect is { } detect && detect < _nextSend ? detect : _nextSend;

    /// <summary>A packet of the neighbour that <see cref="BfdPacket.TryRead"/> accepted (RFC 5880 §6.8.6).</summary>
    /// <returns>The packet to answer at once: the end of its poll; null when it did not poll.</returns>
    internal BfdPacket? Receive(BfdPacket packet, TimeSpan now)
    {
        if (packet.Yours != 0 && packet.Yours != Discriminator)
        {
            return null;
        }

        _remote = packet;
        if (packet.Final)
        {
            _isPolling = false;
        }

        IsConfirmed |= packet.State == BfdState.Up && packet.Yours == Discriminator;
        Move(packet.State);
        UpdateIntervals(now);
        _detect = State == BfdState.Down ? null : now + DetectionTime;
        return packet.Poll ? Packet(poll: false, final: true) : null;
    }

    /// <summary>Does what is due.</summary>
    /// <returns>The packet to send; null for none.</returns>
    internal BfdPacket? Tick(TimeSpan now)
    {
        if (_detect <= now)
        {
            _detect = null;
            Fall(BfdDiagnostic.DetectionTimeExpired);
            // RFC 5880 §6.8.1: the discriminator of a neighbour that is not heard any more is forgotten.
            _remote = null;
            UpdateIntervals(now);
        }

        if (_nextSend > now)
        {
            return null;
        }

        // RFC 5880 §6.8.7: up to a quarter less; with a multiplier of one, at least a tenth less.
        var share = _options.Multiplier == 1 ? 0.75 + (0.15 * _random()) : 0.75 + (0.25 * _random());
        _nextSend = now + (_agreedSend * share);
        return _remote is { ReceiveMicroseconds: 0 } && State == BfdState.Up ? null : Packet(_isPolling, final: false);
    }

    /// <summary>Tells the neighbour not to miss us for so long: as if we were to send that seldom, which a poll agrees on (RFC 5880 §6.8.3).</summary>
    internal void Pause(TimeSpan patience, TimeSpan now)
    {
        if (State == BfdState.Up && _remote is not null)
        {
            _pause = patience / _options.Multiplier;
            UpdateIntervals(now);
            _nextSend = now;
        }
    }

    /// <summary>What is needed to go on with a paused session.</summary>
    internal PausedPath ToPaused() => new(_options.Address, _options.LocalAddress, Discriminator, _remote!.Value);

    /// <summary>The last packet of a session that is switched off here: it says nothing of the path, so the neighbour need not act (RFC 5882 §4.1).</summary>
    internal BfdPacket Leave()
    {
        State = BfdState.AdminDown;
        return Packet(poll: false, final: false) with { Diagnostic = BfdDiagnostic.AdministrativelyDown };
    }

    private void Move(BfdState remote)
    {
        switch (State, remote)
        {
            case (not BfdState.Down, BfdState.AdminDown):
                Fall(BfdDiagnostic.NeighborSignaledDown);
                break;
            case (BfdState.Down, BfdState.Down):
                State = BfdState.Init;
                break;
            case (BfdState.Down, BfdState.Init) or (BfdState.Init, BfdState.Init or BfdState.Up):
                State = BfdState.Up;
                break;
            case (BfdState.Up, BfdState.Down):
                Fall(BfdDiagnostic.NeighborSignaledDown);
                break;
            default:
                break;
        }
    }

    private void Fall(BfdDiagnostic reason)
    {
        State = BfdState.Down;
        Diagnostic = reason;
        _isPolling = false;
        IsConfirmed = true;
    }

    /// <summary>RFC 5880 §6.8.3: a change of what we want is told by a poll, and when we may send sooner, we do.</summary>
    private void UpdateIntervals(TimeSpan now)
    {
        var wanted = State == BfdState.Up ? _pause ?? _options.SendInterval : Longer(SlowInterval, _options.SendInterval);
        if (wanted != _sendInterval)
        {
            _sendInterval = wanted;
            _isPolling = State == BfdState.Up;
        }

        // No slower before the neighbour has agreed to it.
        _agreedSend = Longer(IsPausing ? _options.SendInterval : _sendInterval, _remote is { } remote ? Micro(remote.ReceiveMicroseconds) : TimeSpan.Zero);
        _nextSend = now + _agreedSend < _nextSend ? now + _agreedSend : _nextSend;
    }

    private BfdPacket Packet(bool poll, bool final) => new(
        State,
        State == BfdState.Down ? Diagnostic : BfdDiagnostic.None,
        poll,
        final,
        _options.Multiplier,
        Discriminator,
        _remote?.Mine ?? 0,
        (uint)_sendInterval.TotalMicroseconds,
        (uint)_options.ReceiveInterval.TotalMicroseconds);

    private static TimeSpan Micro(uint microseconds) => TimeSpan.FromMicroseconds(microseconds);

    private static TimeSpan Longer(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
