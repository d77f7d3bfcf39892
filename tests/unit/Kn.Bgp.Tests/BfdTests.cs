using Kn.Bgp.Bfd;
using Kn.Primitives;

namespace Kn.Bgp.Tests;

public sealed class BfdTests
{
    private static readonly BfdPeerOptions Options = new()
    {
        Address = IpAddress.Parse("192.0.2.2"),
        LocalAddress = IpAddress.Parse("192.0.2.1"),
        SendInterval = TimeSpan.FromMilliseconds(100),
        ReceiveInterval = TimeSpan.FromMilliseconds(50),
    };

    private readonly BfdSession _session = new(Options, 7, static () => 1, TimeSpan.Zero);

    private static BfdPacket From(BfdState state, uint yours = 7, bool poll = false, bool final = false, uint send = 200_000, uint receive = 300_000) =>
        new(state, BfdDiagnostic.None, poll, final, 3, 9, yours, send, receive);

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    [Conformance("bgp", "BFD")]
    [Fact]
    public void Packet_ReadsAsItWasWritten()
    {
        var packet = new BfdPacket(BfdState.Init, BfdDiagnostic.NeighborSignaledDown, true, false, 5, 0x0102_0304, 0x0506_0708, 1000, 2000);
        var bytes = new byte[BfdPacket.Size];
        packet.Write(bytes);
        Assert.Equal("23A0051801020304050607080000 03E8000007D000000000".Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(bytes));
        Assert.True(BfdPacket.TryRead(bytes, out var read));
        Assert.Equal(packet, read);
    }

    /// <summary>Another version, authentication, multipoint, poll with final, no multiplier, lengths that are none.</summary>
    [Conformance("bgp", "BFD")]
    [Theory]
    [InlineData(0, 0x40)]
    [InlineData(1, 0xC4)]
    [InlineData(1, 0xC1)]
    [InlineData(1, 0xF0)]
    [InlineData(2, 0)]
    [InlineData(3, 23)]
    [InlineData(3, 25)]
    public void Packet_ThatMustBeDiscarded_Is(int index, byte value)
    {
        var bytes = new byte[BfdPacket.Size];
        From(BfdState.Up).Write(bytes);
        bytes[index] = value;
        Assert.False(BfdPacket.TryRead(bytes, out _));
        From(BfdState.Up, yours: 0).Write(bytes);
        Assert.False(BfdPacket.TryRead(bytes, out _));
        From(BfdState.Up).Write(bytes);
        Assert.False(BfdPacket.TryRead(bytes.AsSpan(0, 23), out _));
    }

    [Conformance("bgp", "BFD")]
    [Theory]
    [InlineData("Down", "Init")]
    [InlineData("Init", "Up")]
    [InlineData("Up", "Down")]
    [InlineData("AdminDown", "Down")]
    [InlineData("Down Up", "Init Up")]
    [InlineData("Down Init", "Init Up")]
    [InlineData("Down Down", "Init Init")]
    [InlineData("Init Up Down Down", "Up Up Down Init")]
    [InlineData("Init AdminDown", "Up Down")]
    public void States_FollowTheOtherSide(string heard, string states)
    {
        var reached = new List<BfdState>();
        foreach (var state in heard.Split(' '))
        {
            _session.Receive(From(Enum.Parse<BfdState>(state)), TimeSpan.Zero);
            reached.Add(_session.State);
        }

        Assert.Equal(states, string.Join(' ', reached));
    }

    [Conformance("bgp", "BFD")]
    [Fact]
    public void Intervals_AreTheSlowerOfBothSides_AndSlowBeforeTheSessionIsUp()
    {
        Assert.Equal(1_000_000u, _session.Tick(TimeSpan.Zero)!.Value.SendMicroseconds);
        Assert.Equal(Ms(1000), _session.NextDeadline);
        _session.Receive(From(BfdState.Init), Ms(10));
        Assert.Equal(BfdState.Up, _session.State);
        Assert.Equal(Ms(600), _session.DetectionTime);
        var first = _session.Tick(Ms(310))!.Value;
        Assert.True(first is { Poll: true, SendMicroseconds: 100_000, ReceiveMicroseconds: 50_000, Yours: 9 });
        Assert.Null(_session.Tick(Ms(609)));
        _session.Receive(From(BfdState.Up, final: true), Ms(609));
        Assert.False(_session.Tick(Ms(610))!.Value.Poll);
    }

    [Conformance("bgp", "BFD")]
    [Fact]
    public void Silence_TakesTheSessionDown_AfterTheDetectionTime()
    {
        _session.Receive(From(BfdState.Init), TimeSpan.Zero);
        _session.Tick(Ms(599));
        Assert.Equal(BfdState.Up, _session.State);
        _session.Tick(Ms(600));
        Assert.Equal((BfdState.Down, BfdDiagnostic.DetectionTimeExpired), (_session.State, _session.Diagnostic));
        Assert.Equal(0u, _session.Tick(Ms(5000))!.Value.Yours);
    }

    [Conformance("bgp", "BFD")]
    [Fact]
    public void Poll_IsAnsweredAtOnce_AndPacketsOfOtherSessionsAreNot()
    {
        Assert.True(_session.Receive(From(BfdState.Init, poll: true), TimeSpan.Zero) is { Final: true, Poll: false });
        Assert.Null(_session.Receive(From(BfdState.Down, yours: 8, poll: true), TimeSpan.Zero));
        Assert.Equal(BfdState.Up, _session.State);
    }

    [Conformance("bgp", "BFD")]
    [Fact]
    public void SessionThatIsSwitchedOff_SaysThatThePathIsNotMeant() =>
        Assert.True(_session.Leave() is { State: BfdState.AdminDown, Diagnostic: BfdDiagnostic.AdministrativelyDown });

    [Conformance("bgp", "BFD")]
    [Fact]
    public void Restart_IsAgreedOnAsSeldomPackets_AndTheNextProcessGoesOnWithTheSession()
    {
        _session.Receive(From(BfdState.Init), TimeSpan.Zero);
        _session.Receive(From(BfdState.Up, final: true), TimeSpan.Zero);
        _session.Pause(TimeSpan.FromSeconds(120), Ms(1));
        Assert.True(_session is { IsPausing: true, IsPaused: false });
        Assert.True(_session.Tick(Ms(1)) is { Poll: true, State: BfdState.Up, SendMicroseconds: 40_000_000 });
        // RFC 5880 §6.8.3: not rarer before it was agreed on, and lost packets are sent again.
        Assert.True(_session.Tick(Ms(301)) is { Poll: true, SendMicroseconds: 40_000_000 });
        _session.Receive(From(BfdState.Up, final: true), Ms(302));
        Assert.True(_session is { IsPausing: false, IsPaused: true });
        var left = PausedPath.Parse(_session.ToPaused().ToString())!;
        Assert.Equal(_session.ToPaused(), left);

        var next = new BfdSession(Options, left, static () => 1, TimeSpan.Zero);
        Assert.True(next is { State: BfdState.Up, IsConfirmed: false, Discriminator: 7 });
        Assert.True(next.Tick(TimeSpan.Zero) is { Poll: true, State: BfdState.Up, Mine: 7, Yours: 9, SendMicroseconds: 100_000 });
        next.Receive(From(BfdState.Up, final: true), Ms(1));
        Assert.True(next.IsConfirmed);
        Assert.False(next.Tick(Ms(301))!.Value.Poll);
    }

    [Conformance("bgp", "BFD")]
    [Fact]
    public void SessionThatTheNeighborGaveUpDuringARestart_BeginsAnew_AndWasNeverUp()
    {
        _session.Receive(From(BfdState.Init), TimeSpan.Zero);
        var next = new BfdSession(Options, _session.ToPaused(), static () => 1, TimeSpan.Zero);
        next.Receive(From(BfdState.Down, yours: 0), Ms(1));
        Assert.True(next is { State: BfdState.Down, IsConfirmed: true });
        var silent = new BfdSession(Options, _session.ToPaused(), static () => 1, TimeSpan.Zero);
        silent.Tick(Ms(1600));
        Assert.Equal(BfdState.Down, silent.State);
    }

    [Conformance("bgp", "BFD")]
    [Fact]
    public void PathThatIsNotUp_IsNotPaused()
    {
        _session.Pause(TimeSpan.FromSeconds(120), TimeSpan.Zero);
        Assert.True(_session is { IsPausing: false, IsPaused: false });
    }

    [Theory]
    [InlineData("")]
    [InlineData("192.0.2.2 192.0.2.1 7")]
    [InlineData("192.0.2.2 192.0.2.1 7 20C0")]
    [InlineData("192.0.2.2 192.0.2.1 -7 20C003180000000900000007 00030D40000493E000000000")]
    [InlineData("192.0.2.2 192.0.2.1 7 40C00318000000090000000700030D40000493E000000000")]
    [InlineData("192.0.2.2 192.0.2.1 7 XXC00318000000090000000700030D40000493E000000000")]
    public void PausedPath_IsNotReadFromAnythingElse(string text) => Assert.Null(PausedPath.Parse(text));

    [Fact]
    public void AnyBytes_NeverThrow()
    {
        var random = new Random(5880);
        var bytes = new byte[40];
        for (var i = 0; i < 100_000; i++)
        {
            random.NextBytes(bytes);
            bytes[0] = (byte)(0x20 | (bytes[0] & 0x1F));
            if (BfdPacket.TryRead(bytes.AsSpan(0, random.Next(bytes.Length + 1)), out var packet))
            {
                _session.Receive(packet with { Yours = 7 }, Ms(i));
                _session.Tick(Ms(i));
            }
        }
    }
}
