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
