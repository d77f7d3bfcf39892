using System.Buffers;
using Kn.Bgp.Messages;
using Kn.Bgp.Policies;
using Kn.Bgp.Ribs;
using Kn.Bgp.Sessions;
using Kn.Bgp.Transport;
using Kn.Primitives;

namespace Kn.Bgp.Speaking;

/// <summary>A configured peer: joins its state machine, its connections and the tables. For the speaker's loop alone.</summary>
internal sealed partial class SpeakerPeer
{
    /// <summary>Prefixes that are told at once, before others have their turn.</summary>
    private const int TellBatch = 4096;

    private readonly ISpeaker _speaker;
    private readonly Dictionary<int, BgpConnection> _connections = [];
    private readonly Dictionary<int, CancellationTokenSource> _connecting = [];
    private readonly StaleRoutes _stale;
    private readonly ArrayBufferWriter<byte> _output = new();
    private BgpConnection? _session;
    private int _sessionNumber;
    private AgreedSession? _agreed;
    private UpdateWriter? _writer;
    private FamilySet _endOfRibDue;
    private FamilySet _refreshEndDue;
    private FamilySet _awaited;
    private FamilySet _unheard;
    private TimeSpan _since;
    private int _sessions;
    private long _messagesIn;
    private long _messagesOut;
    private long _faulty;

    internal SpeakerPeer(ISpeaker speaker, BgpPeerOptions options)
    {
        _speaker = speaker;
        Options = options;
        LocalAs = options.LocalAs ?? speaker.Options.LocalAs;
        Fsm = new SessionFsm(SessionOptionsOf(speaker.Options, options, LocalAs), speaker.Random) { IsRestarting = speaker.IsDeferring };
        Rib = speaker.Rib.AddPeer(RibOptionsOf(options, LocalAs));
        _stale = new StaleRoutes(options.StaleTime);
        _awaited = options.Families;
        _since = speaker.Now;
        if (!options.IsShutdown)
        {
            Fsm.Start(speaker.Now);
            Perform();
        }
    }

    internal BgpPeerOptions Options { get; private set; }

    internal uint LocalAs { get; }

    internal bool IsExternal => Options.PeerAs != LocalAs;

    internal SessionFsm Fsm { get; }

    internal RibPeer Rib { get; }

    /// <summary>When something is due.</summary>
    internal TimeSpan? NextDeadline => Fsm.NextDeadline is not { } next ? _stale.Deadline : _stale.Deadline < next ? _stale.Deadline : next;

    /// <summary>After our restart: it may still tell what would change the choice (RFC 4724 §4.1).</summary>
    internal bool IsAwaited => !Options.IsShutdown && (_agreed is null || _awaited != FamilySet.None);

    /// <summary>It has not told all it has.</summary>
    internal bool IsUnheard => !Options.IsShutdown && (_agreed is null || _unheard != FamilySet.None);

    internal PeerStatus Status => new()
    {
        Options = Options,
        State = Fsm.State,
        Since = _speaker.Now - _since,
        Sessions = _sessions,
        LastEnd = Fsm.LastEnd,
        Agreement = _agreed is null
            ? null
            : new PeerAgreement(
                IpAddress.FromV4(_agreed.Peer.RouterId), Rib.SessionAddress, _agreed.HoldTime, _agreed.Families, _agreed.FourOctetAs, _agreed.ExtendedNextHop, _agreed.RouteRefresh, _agreed.Kept),
        Stale = _stale.Families,
        ReceivedV4 = Rib.Received(IpFamily.V4),
        ReceivedV6 = Rib.Received(IpFamily.V6),
        ToldV4 = Rib.Out(IpFamily.V4).Count,
        ToldV6 = Rib.Out(IpFamily.V6).Count,
        MessagesIn = _messagesIn,
        MessagesOut = _messagesOut,
        FaultyUpdates = _faulty,
    };

    /// <summary>True when only policies or words differ, for which no session needs to end.</summary>
    internal bool TryChange(BgpPeerOptions options)
    {
        if ((options with { Import = Options.Import, Export = Options.Export, Description = Options.Description }) != Options)
        {
            return false;
        }

        var (import, export) = (options.Import != Options.Import, options.Export != Options.Export);
        Options = options;
        Rib.Options = RibOptionsOf(options, LocalAs);
        if (import)
        {
            AskAgain();
        }

        if (export && _agreed is not null)
        {
            _speaker.Rib.PolicyChanged(Rib);
        }

        return true;
    }

    /// <summary>Ends the session for good; the peer is told why.</summary>
    internal void Remove(BgpError reason)
    {
        Fsm.Stop(reason);
        Perform();
        _speaker.Rib.RemovePeer(Rib);
    }

    /// <summary>Goes without a word.</summary>
    internal void Abandon()
    {
        Fsm.Abandon();
        Perform();
    }

    /// <summary>Ends the session; it may come back.</summary>
    internal void Reset(BgpError reason)
    {
        Fsm.Reset(reason, _speaker.Now);
        Perform();
    }

    /// <summary>Asks for everything again (RFC 2918); without that, the session is made anew.</summary>
    internal void AskAgain()
    {
        if (_agreed is null || _session is null)
        {
            return;
        }

        if (!_agreed.RouteRefresh)
        {
            Reset(BgpError.Cease(CeaseReason.OtherConfigurationChange));
            return;
        }

        foreach (var family in FamilySetExtensions.All.Where(family => _agreed.Families.Has(family)))
        {
            MessageWriter.RouteRefresh(_output, BgpFamily.Unicast(family));
        }

        Flush(_session);
    }

    internal void Tick()
    {
        Fsm.Tick(_speaker.Now);
        Perform();
        _speaker.Rib.RemovePaths(Rib, _stale.Tick(_speaker.Now), staleOnly: true);
    }

    /// <summary>Writes what is to be told, as far as there is room.</summary>
    internal void Tell()
    {
        if (_agreed is not { } agreed || _session is not { } session || _speaker.IsDeferring)
        {
            return;
        }

        foreach (var family in FamilySetExtensions.All.Where(family => agreed.Families.Has(family)))
        {
            var more = Rib.Out(family).HasPending;
            while (more && session.HasRoom)
            {
                more = _speaker.Rib.Tell(Rib, family, _writer!, _output, TellBatch);
                Flush(session);
            }

            if (!more)
            {
                TellEnd(session, family);
            }
        }
    }

    private void TellEnd(BgpConnection session, IpFamily family)
    {
        var bit = FamilySetExtensions.Of(family);
        if (_endOfRibDue.Has(family))
        {
            _endOfRibDue &= ~bit;
            MessageWriter.EndOfRib(_output, family);
        }

        if (_refreshEndDue.Has(family))
        {
            _refreshEndDue &= ~bit;
            MessageWriter.RouteRefresh(_output, BgpFamily.Unicast(family), RouteRefreshKind.End);
        }

        Flush(session);
    }

    private void Flush(BgpConnection connection)
    {
        if (_output.WrittenCount > 0)
        {
            _messagesOut++;
            connection.Send(_output.WrittenSpan);
            _output.ResetWrittenCount();
        }
    }

    private static SessionOptions SessionOptionsOf(BgpSpeakerOptions speaker, BgpPeerOptions peer, uint localAs) => new()
    {
        LocalAs = localAs,
        PeerAs = peer.PeerAs,
        RouterId = (uint)speaker.RouterId.Number,
        IsPassive = peer.IsPassive,
        HoldTime = peer.HoldTime,
        ConnectRetry = peer.ConnectRetry,
        Families = peer.Families,
        ExtendedNextHop = peer.ExtendedNextHop,
        RestartTime = peer.RestartTime,
        IsForwardingPreserved = speaker.IsRestarting,
    };

    private static RibPeerOptions RibOptionsOf(BgpPeerOptions peer, uint localAs)
    {
        var isExternal = peer.PeerAs != localAs;
        return new RibPeerOptions
        {
            Kind = isExternal ? RouteKind.External : RouteKind.Internal,
            Address = peer.Address,
            LocalAs = localAs,
            IsClient = peer.IsRouteReflectorClient && !isExternal,
            NextHopSelf = peer.NextHopSelf,
            KeepNextHop = peer.KeepNextHop,
            RemovePrivateAs = peer.RemovePrivateAs,
            AllowOwnAs = peer.AllowOwnAs,
            NextHopV4 = peer.NextHopV4,
            NextHopV6 = peer.NextHopV6,
            Import = peer.Import ?? (isExternal ? RoutePolicy.RejectAll : RoutePolicy.AcceptAll),
            Export = peer.Export ?? (isExternal ? RoutePolicy.OwnRoutes : RoutePolicy.AcceptAll),
        };
    }
}
