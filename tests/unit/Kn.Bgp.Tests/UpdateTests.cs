using System.Buffers;
using Kn.Bgp.Attributes;
using Kn.Bgp.Messages;
using Kn.Primitives;

namespace Kn.Bgp.Tests;

public sealed class UpdateTests
{
    private static readonly PathAttributes Everything = new()
    {
        Origin = Origin.Egp,
        AsPath = new AsPath([new(AsPathSegmentKind.Sequence, [65001, 4_200_000_000]), new(AsPathSegmentKind.Set, [1, 2])]),
        NextHop = IpAddress.Parse("192.0.2.1"),
        Med = 7,
        LocalPref = 200,
        AtomicAggregate = true,
        Aggregator = new Aggregator(4_200_000_000, 0x0102_0304),
        Communities = [Community.NoExport, Community.Of(64512, 100)],
        ExtendedCommunities = [new(0x0002_00FC_0000_0064)],
        LargeCommunities = [new(64512, 1, 2)],
        OriginatorId = 0x0A00_0001,
        ClusterList = [1, 2, 3],
        Unknown = [new(99, [1, 2, 3]), new(200, [.. Enumerable.Repeat((byte)7, 300)])],
    };

    private static PathAttributes RoundTrip(PathAttributes attributes, IpFamily family, UpdateContext context, int prefixes = 1)
    {
        var keys = Enumerable.Range(0, prefixes).Select(i => family == IpFamily.V4 ? Wire.Key($"10.{i >> 8}.{i & 255}.0/24") : Wire.Key($"2001:db8:{i:x}::/48")).ToArray();
        var writer = new UpdateWriter(MessageHeader.MaxLength, context.FourOctetAs);
        var found = new List<string>();
        PathAttributes? read = null;
        foreach (var (type, body) in Wire.Written(output => Assert.True(writer.TryAnnounce(output, family, attributes, keys))))
        {
            Assert.Equal(BgpMessageType.Update, type);
            var update = UpdateReader.Read(body, context);
            Assert.True(update is { Handling: UpdateHandling.Accept, Error: null }, $"{update.Error}");
            var isPlain = update.ReachFamily is null;
            Assert.Equal(isPlain, family == IpFamily.V4 && attributes.NextHop.Family == IpFamily.V4);
            read = isPlain ? update.Attributes : update.MultiprotocolAttributes;
            found.AddRange(Wire.Prefixes(family, isPlain ? update.Announced : update.MultiprotocolAnnounced));
        }

        Assert.Equal(keys.Select(key => key.ToPrefix(family).ToString()), found);
        return read!;
    }

    [Conformance("bgp", "Messages")]
    [Fact]
    public void Update_WithEveryAttribute_ReadsAsItWasWritten() => Assert.Equal(Everything, RoundTrip(Everything, IpFamily.V4, Wire.Internal));

    [Conformance("bgp", "Messages")]
    [Fact]
    public void Update_OfTheNewerFamily_HasBothNextHops()
    {
        var attributes = Everything with { NextHop = IpAddress.Parse("2001:db8::1"), LinkLocalNextHop = IpAddress.Parse("fe80::1") };
        Assert.Equal(attributes, RoundTrip(attributes, IpFamily.V6, Wire.Internal));
    }

    [Conformance("bgp", "Messages")]
    [Fact]
    public void Prefixes_WithANextHopOfTheOtherFamily_AreSpoken_WhenAgreed()
    {
        var attributes = Everything with { NextHop = IpAddress.Parse("2001:db8::1") };
        Assert.Equal(attributes, RoundTrip(attributes, IpFamily.V4, Wire.Internal with { ExtendedNextHop = true }));
    }

    [Conformance("bgp", "AS numbers of four bytes")]
    [Fact]
    public void SpeakerOfTwoByteNumbers_IsToldTheOthersBeside_AndPutsThemTogetherAgain() =>
        Assert.Equal(Everything, RoundTrip(Everything, IpFamily.V4, Wire.Internal with { FourOctetAs = false }));

    [Conformance("bgp", "AS numbers of four bytes")]
    [Fact]
    public void PathThatGrewAfterItsWideCopy_KeepsItsHead()
    {
        var narrow = new AsPath([new(AsPathSegmentKind.Sequence, [65009, 65008, 23456, 65001])]);
        var wide = AsPath.Sequence(4_200_000_000, 65001);
        Assert.Equal(AsPath.Sequence(65009, 65008, 4_200_000_000, 65001), AsPathReader.Merge(narrow, wide));
        Assert.Equal(wide, AsPathReader.Merge(wide, AsPath.Sequence(1, 2, 3)));
    }

    [Conformance("bgp", "Messages")]
    [Fact]
    public void ManyPrefixes_FillMessagesToTheBrim()
    {
        Assert.Equal(Everything, RoundTrip(Everything, IpFamily.V4, Wire.Internal, prefixes: 5000));
        var v6 = Everything with { NextHop = IpAddress.Parse("2001:db8::1") };
        Assert.Equal(v6, RoundTrip(v6, IpFamily.V6, Wire.Internal, prefixes: 3000));
        var writer = new UpdateWriter(MessageHeader.MaxLength, fourOctets: true);
        var keys = Enumerable.Range(0, 5000).Select(i => Wire.Key($"10.{i >> 8}.{i & 255}.0/24")).ToArray();
        Assert.Equal(1 + (5000 * 4 / (4096 - 23)), Wire.Written(output => writer.Withdraw(output, IpFamily.V4, keys)).Count);
        Assert.Equal(3000, Wire.Written(output => writer.Withdraw(output, IpFamily.V6, keys.AsSpan(0, 3000)))
            .Sum(message => Wire.Prefixes(IpFamily.V6, UpdateReader.Read(message.Body, Wire.Internal).MultiprotocolWithdrawn).Length));
    }

    [Conformance("bgp", "Messages")]
    [Fact]
    public void AttributesThatLeaveNoRoomForAPrefix_AreNotSent()
    {
        var long_ = Everything with { LargeCommunities = [.. Enumerable.Range(0, 400).Select(static i => new LargeCommunity(1, 2, (uint)i))] };
        var output = new ArrayBufferWriter<byte>();
        Assert.False(new UpdateWriter(MessageHeader.MaxLength, true).TryAnnounce(output, IpFamily.V4, long_, [Wire.Key("10.0.0.0/8")]));
        Assert.Equal(0, output.WrittenCount);
        Assert.True(new UpdateWriter(MessageHeader.MaxExtendedLength, true).TryAnnounce(output, IpFamily.V4, long_, [Wire.Key("10.0.0.0/8")]));
    }

    [Conformance("bgp", "Messages")]
    [Fact]
    public void EndOfRib_IsKnownInBothFamilies()
    {
        foreach (var family in new[] { IpFamily.V4, IpFamily.V6 })
        {
            var body = Assert.Single(Wire.Written(output => MessageWriter.EndOfRib(output, family))).Body;
            Assert.Equal(family, UpdateReader.Read(body, Wire.External).EndOfRib);
        }

        Assert.Null(UpdateReader.Read(Wire.Update(Wire.Ten, [], []), Wire.External).EndOfRib);
    }

    [Conformance("bgp", "Messages")]
    [Fact]
    public void UnknownOptionalAttribute_IsKeptWhenTransitive_AndDroppedOtherwise()
    {
        var update = UpdateReader.Read(Wire.Announce(Wire.Origin, Wire.Path, Wire.NextHop, [0xC0, 99, 2, 1, 2], [0x80, 98, 1, 1]), Wire.External);
        Assert.Equal([new UnknownAttribute(99, [1, 2])], update.Attributes!.Unknown);
    }

    [Conformance("bgp", "Messages")]
    [Fact]
    public void ShutdownCommunication_IsReadAsItWasWritten_AndCutBetweenCharacters()
    {
        var body = Assert.Single(Wire.Written(output => MessageWriter.Notification(output, BgpError.Cease(CeaseReason.AdministrativeShutdown, "Wartung bis 10 Uhr, grüße")))).Body;
        Assert.Equal("Wartung bis 10 Uhr, grüße", NotificationReader.Read(body).Communication);
        Assert.Equal("cease: administrative shutdown (6/2): \"Wartung bis 10 Uhr, grüße\"", NotificationReader.Read(body).ToString());
        Assert.Equal(new string('ü', 127), BgpError.Cease(CeaseReason.AdministrativeReset, new string('ü', 200)).Communication);
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void AnyBytes_AreAcceptedWithdrawnOrAnsweredWithAnUpdateError()
    {
        var random = new Random(7606);
        var sound = Wire.Written(output => new UpdateWriter(4096, true).TryAnnounce(output, IpFamily.V6, Everything with { NextHop = IpAddress.Parse("2001:db8::1") }, [Wire.Key("2001:db8::/32")]))[0].Body;
        var plain = Wire.Written(output => new UpdateWriter(4096, false).TryAnnounce(output, IpFamily.V4, Everything, [Wire.Key("10.0.0.0/8"), Wire.Key("10.1.0.0/16")]))[0].Body;
        var counts = new int[3];
        for (var i = 0; i < 100_000; i++)
        {
            var body = (i % 2 == 0 ? sound : plain).ToArray();
            for (var changes = random.Next(1, 5); changes > 0; changes--)
            {
                body[random.Next(body.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)(body[0] + random.Next(-2, 20));
            }

            var length = random.Next(4) == 0 ? random.Next(body.Length + 1) : body.Length;
            var context = new UpdateContext(random.Next(2) == 0, 65001, i % 2 == 0, random.Next(4) > 0, random.Next(4) > 0, random.Next(2) == 0, random.Next(2) == 0);
            var update = UpdateReader.Read(body.AsSpan(0, length), context);
            counts[(int)update.Handling]++;
            Assert.True(update.Handling == UpdateHandling.Accept || update.Error is { Code: BgpErrorCode.UpdateMessage, Subcode: > 0 and < 12 });
            Assert.True(update.Handling == UpdateHandling.Accept || update is { Attributes: null, MultiprotocolAttributes: null });
            if (update.Handling != UpdateHandling.ResetSession)
            {
                Assert.True(NlriReader.IsWellFormed(IpFamily.V4, update.Announced));
                Assert.True(update.ReachFamily is not { } family || NlriReader.IsWellFormed(family, update.MultiprotocolAnnounced));
            }
        }

        Assert.All(counts, static count => Assert.True(count > 300));
    }

    [Fact]
    public void RandomAttributes_ReadAsTheyWereWritten()
    {
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
        {
            var attributes = Arbitrary(random);
            var family = attributes.NextHop.Family;
            Assert.Equal(attributes, RoundTrip(attributes, family, Wire.Internal with { FourOctetAs = random.Next(2) == 0 }, random.Next(1, 4)));
        }
    }

    private static PathAttributes Arbitrary(Random random)
    {
        uint Number() => (uint)random.NextInt64(1, uint.MaxValue);
        ValueList<T> Some<T>(Func<T> one) => Enumerable.Range(0, random.Next(0, 5)).Select(_ => one()).ToValueList();
        var segment = () => new AsPathSegment((AsPathSegmentKind)random.Next(1, 3), [Number() % 70000 + 1, Number()]);
        var segments = Some(segment);
        // Two sequences beside each other come back as one from AS4_PATH, which means the same.
        segments = segments.Where((_, index) => index == 0 || segments[index].Kind == AsPathSegmentKind.Set || segments[index - 1].Kind == AsPathSegmentKind.Set).ToValueList();
        return new PathAttributes
        {
            Origin = (Origin)random.Next(3),
            AsPath = segments.Count > 1 && segments[0].Kind == segments[1].Kind ? new AsPath([segments[0]]) : new AsPath(segments),
            NextHop = random.Next(2) == 0 ? IpAddress.FromV4(0x0A00_0001 + (Number() & 0xFFFF)) : IpAddress.FromNumber(IpFamily.V6, new UInt128(0x2001_0DB8_0000_0000, Number())),
            Med = random.Next(2) == 0 ? Number() : null,
            LocalPref = Number(),
            AtomicAggregate = random.Next(2) == 0,
            Aggregator = random.Next(2) == 0 ? new Aggregator(Number(), Number()) : null,
            Communities = Some(() => new Community(Number())),
            ExtendedCommunities = Some(() => new ExtendedCommunity((ulong)random.NextInt64())),
            LargeCommunities = Some(() => new LargeCommunity(Number(), Number(), Number())),
            OriginatorId = random.Next(2) == 0 ? Number() : 0,
            ClusterList = Some(Number),
        };
    }
}
