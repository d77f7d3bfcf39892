using Kn.Bgp.Messages;
using Kn.Primitives;

namespace Kn.Bgp.Tests;

/// <summary>RFC 7606, and RFC 4271 §6.3 where that stands.</summary>
public sealed class UpdateErrorTests
{
    /// <summary>One attribute in the place of, or beside, sound ones.</summary>
    private static string External(params byte[] attribute) => Judge(attribute, Wire.External);

    private static string Internal(params byte[] attribute) => Judge(attribute, Wire.Internal);

    private static string Judge(byte[] attribute, UpdateContext context)
    {
        byte[][] sound = context.IsExternal ? [Wire.Origin, Wire.Path, Wire.NextHop] : [Wire.Origin, Wire.Path, Wire.NextHop, Wire.LocalPref];
        return Wire.Judge(Wire.Announce([.. sound.Where(other => other[1] != attribute[1]), attribute]), context);
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void Lengths_ThatDoNotFitTheMessage_EndTheSession()
    {
        Assert.Equal("ResetSession 3/1", Wire.Judge([0, 9, 0, 0], Wire.External));
        Assert.Equal("ResetSession 3/1", Wire.Judge([0, 0, 0, 9], Wire.External));
        Assert.Equal("ResetSession 3/1", Wire.Judge([0], Wire.External));
        Assert.Equal("ResetSession 3/1", Wire.Judge([0, 0, 0], Wire.External));
        Assert.Equal("ResetSession 3/1", Wire.Judge([], Wire.External));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void Prefixes_ThatCannotBeRead_EndTheSession()
    {
        Assert.Equal("ResetSession 3/10", Wire.Judge(Wire.Update([], [Wire.Origin, Wire.Path, Wire.NextHop], [33, 10, 0, 0, 0, 0]), Wire.External));
        Assert.Equal("ResetSession 3/10", Wire.Judge(Wire.Update([], [Wire.Origin, Wire.Path, Wire.NextHop], [24, 10, 0]), Wire.External));
        Assert.Equal("ResetSession 3/10", Wire.Judge(Wire.Update([24, 10], [], []), Wire.External));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void Origin_OfAWrongLengthOrValue_Withdraws()
    {
        Assert.Equal("TreatAsWithdraw 3/5", External(0x40, 1, 2, 0, 0));
        Assert.Equal("TreatAsWithdraw 3/6", External(0x40, 1, 1, 3));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Theory]
    [InlineData("40 02 06 05 01 0000fde9")]
    [InlineData("40 02 06 02 02 0000fde9")]
    [InlineData("40 02 02 02 00")]
    [InlineData("40 02 07 02 01 0000fde9 02")]
    public void AsPath_ThatIsMalformed_Withdraws(string attribute) => Assert.Equal("TreatAsWithdraw 3/11", External(Wire.Hex(attribute)));

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void AsPath_ThatBeginsElsewhere_Withdraws_UnlessThatIsAllowed()
    {
        byte[] path = [0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xEA];
        Assert.Equal("TreatAsWithdraw 3/11", External(path));
        Assert.Equal("TreatAsWithdraw 3/11", External(0x40, 2, 0));
        Assert.Equal("Accept", Judge(path, Wire.External with { EnforceFirstAs = false }));
        Assert.Equal("Accept", Internal(path));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void NextHop_OfAWrongLength_OrThatNoRouterHas_Withdraws()
    {
        Assert.Equal("TreatAsWithdraw 3/5", External(0x40, 3, 3, 1, 2, 3));
        Assert.Equal("TreatAsWithdraw 3/8", External(0x40, 3, 4, 0, 0, 0, 0));
        Assert.Equal("TreatAsWithdraw 3/8", External(0x40, 3, 4, 127, 0, 0, 1));
        Assert.Equal("TreatAsWithdraw 3/8", External(0x40, 3, 4, 224, 0, 0, 1));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void Med_OfAWrongLength_Withdraws() => Assert.Equal("TreatAsWithdraw 3/5", External(0x80, 4, 3, 0, 0, 0));

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void LocalPref_OfAnInternalPeer_WithAWrongLength_Withdraws() => Assert.Equal("TreatAsWithdraw 3/5", Internal(0x40, 5, 3, 0, 0, 0));

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void WhatOnlyInternalPeersMaySay_IsLeftOut_WhenAnotherAsSaysIt()
    {
        Assert.Equal("Accept 3/9", External(0x40, 5, 4, 0, 0, 0, 200));
        Assert.Equal("Accept 3/9", External(0x80, 9, 4, 1, 1, 1, 1));
        Assert.Equal("Accept 3/9", External(0x80, 10, 4, 1, 1, 1, 1));
        var update = UpdateReader.Read(Wire.Announce(Wire.Origin, Wire.Path, Wire.NextHop, [0x40, 5, 4, 0, 0, 0, 200], [0x80, 9, 4, 1, 1, 1, 1]), Wire.External);
        Assert.True(update is { DiscardedAttributes: 2, Attributes: { LocalPref: null, OriginatorId: 0 } });
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void AtomicAggregateAndAggregator_OfAWrongLengthOrFlags_AreLeftOut()
    {
        Assert.Equal("Accept 3/5", External(0x40, 6, 1, 0));
        Assert.Equal("Accept 3/5", External(0xC0, 7, 6, 0, 1, 1, 1, 1, 1));
        Assert.Equal("Accept 3/4", External(0x80, 7, 8, 0, 0, 0, 1, 1, 1, 1, 1));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Theory]
    [InlineData("c0 08 03 000000")]
    [InlineData("c0 08 00")]
    [InlineData("c0 10 07 00000000000000")]
    [InlineData("c0 20 0b 0000000000000000000000")]
    [InlineData("c0 20 00")]
    public void Communities_OfAWrongLength_Withdraw(string attribute) => Assert.Equal("TreatAsWithdraw 3/5", External(Wire.Hex(attribute)));

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void ReflectionAttributes_OfAWrongLength_Withdraw()
    {
        Assert.Equal("TreatAsWithdraw 3/5", Internal(0x80, 9, 3, 1, 1, 1));
        Assert.Equal("TreatAsWithdraw 3/5", Internal(0x80, 10, 0));
        Assert.Equal("TreatAsWithdraw 3/5", Internal(0x80, 10, 5, 1, 1, 1, 1, 1));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void Flags_ThatDoNotFitTheAttribute_Withdraw()
    {
        Assert.Equal("TreatAsWithdraw 3/4", External(0xC0, 1, 1, 0));
        Assert.Equal("TreatAsWithdraw 3/4", External(0x40, 4, 4, 0, 0, 0, 1));
        Assert.Equal("TreatAsWithdraw 3/4", External(0x80, 8, 4, 0, 0, 0, 1));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void MandatoryAttribute_ThatIsMissing_Withdraws()
    {
        foreach (var missing in new[] { 1, 2, 3, 5 })
        {
            byte[][] rest = [.. new[] { Wire.Origin, Wire.Path, Wire.NextHop, Wire.LocalPref }.Where(attribute => attribute[1] != missing)];
            var update = UpdateReader.Read(Wire.Announce(rest), Wire.Internal);
            Assert.Equal(UpdateHandling.TreatAsWithdraw, update.Handling);
            Assert.Equal(new BgpError(BgpErrorCode.UpdateMessage, 3, [(byte)missing]), update.Error);
        }
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void Attribute_ThatIsThereTwice_CountsOnce_ButPrefixesMustNotBe()
    {
        byte[] second = [0x80, 4, 4, 0, 0, 0, 2];
        var update = UpdateReader.Read(Wire.Announce(Wire.Origin, Wire.Path, Wire.NextHop, [0x80, 4, 4, 0, 0, 0, 1], second), Wire.External);
        Assert.Equal(1u, update.Attributes!.Med);
        byte[] unreach = [0x80, 15, 3, 0, 2, 1];
        Assert.Equal("ResetSession 3/1", Wire.Judge(Wire.Update([], [unreach, unreach], []), Wire.External));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void Attribute_ThatRunsOverTheEnd_Withdraws_BecauseThePrefixesAreStillFound()
    {
        var body = Wire.Announce(Wire.Origin, Wire.Path, [0x40, 3, 9, 1, 2, 3, 4]);
        Assert.Equal("TreatAsWithdraw 3/5", Wire.Judge(body, Wire.External));
        Assert.Equal(["10.0.0.0/8"], Wire.Prefixes(IpFamily.V4, UpdateReader.Read(body, Wire.External).Announced));
        Assert.Equal("TreatAsWithdraw 3/1", Wire.Judge(Wire.Announce(Wire.Origin, Wire.Path, Wire.NextHop, [0x40]), Wire.External));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void UnknownWellKnownAttribute_EndsTheSession_WithACopyOfIt()
    {
        var update = UpdateReader.Read(Wire.Announce(Wire.Origin, Wire.Path, Wire.NextHop, [0x40, 99, 1, 7]), Wire.External);
        Assert.Equal(UpdateHandling.ResetSession, update.Handling);
        Assert.Equal(new BgpError(BgpErrorCode.UpdateMessage, 2, [0x40, 99, 1, 7]), update.Error);
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void ErrorWithoutPrefixes_EndsTheSession_BecauseTheyMayBeHidden() =>
        Assert.Equal("ResetSession 3/6", Wire.Judge(Wire.Update([], [[0x40, 1, 1, 3], Wire.Path], []), Wire.External));

    [Conformance("bgp", "Errors in an UPDATE")]
    [Theory]
    [InlineData("80 0e 05 0002 01 04 00")]
    [InlineData("80 0e 09 0002 01 04 c0000201 00")]
    [InlineData("80 0e 17 0002 01 10 20010db8000000000000000000000001 00 81 20")]
    [InlineData("80 0f 02 0002")]
    [InlineData("80 0f 05 0002 01 20 20")]
    public void MultiprotocolPrefixes_ThatCannotBeFound_EndTheSession(string attribute) =>
        Assert.Equal("ResetSession 3/9", Wire.Judge(Wire.Update([], [Wire.Hex(attribute), Wire.Origin, Wire.Path], []), Wire.External));

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void NextHop_OfTheOtherFamily_Withdraws_WhenItWasNotAgreedOn()
    {
        var body = Wire.Update([], [Wire.Hex("80 0e 17 0001 01 10 20010db8000000000000000000000001 00 08 0a"), Wire.Origin, Wire.Path], []);
        Assert.Equal("TreatAsWithdraw 3/8", Wire.Judge(body, Wire.External));
        Assert.Equal("Accept", Wire.Judge(body, Wire.External with { ExtendedNextHop = true }));
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void FamilyThatWasNotAgreedOn_IsPassedOver()
    {
        byte[] reach = Wire.Hex("80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8");
        var update = UpdateReader.Read(Wire.Update([], [reach, Wire.Origin, Wire.Path], []), Wire.External with { V6 = false });
        Assert.True(update is { Handling: UpdateHandling.Accept, ReachFamily: null, Error: null });
    }

    [Conformance("bgp", "Errors in an UPDATE")]
    [Fact]
    public void WideAttributes_OfASpeakerThatNeedsNone_AreLeftOut()
    {
        Assert.Equal("Accept 3/11", External(0xC0, 17, 6, 2, 1, 0, 0, 0xFD, 0xE9));
        Assert.Equal("Accept 3/5", External(0xC0, 18, 8, 0, 0, 0, 1, 1, 1, 1, 1));
    }
}
