using System.Diagnostics;
using Kn.Linux.Netlink;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Linux.Tests.Nftables;

public sealed class BatchTests
{
    private static readonly NftTableId Table = new(NftFamily.Inet, "t");

    // As captured from nft 1.0.6: NFTA_SET_USERDATA of the sets of the Service layout.
    [Theory]
    [InlineData("services4", "000400000000010401000000034400040d000000013c0014000407000000010c00040c00000001040c000000010e00040900000001060004100000000214000407000000010c00040b000000010402000000040e000409000000010600040200000006040000000007255649503a206c6973742c206f722062656c6f7720382061207370656369616c206b696e6400")]
    [InlineData("dispatch", "000401000000010400000000030e000409000000010600040200000004080004010000000100060400000000070d636c6173733a20636861696e00")]
    [InlineData("endpoints6", "000400000000010400000000033400040d000000012c000e0004090000000106000402000000011a0004170000000112000401000000010400000100020400000000043400040d000000012c0014000407000000010c00040d0000000104090000000114000407000000010c00040b00000001040200000006040000000007166c697374202e20736c6f743a20656e64706f696e7400")]
    [InlineData("affinity4", "000400000000010401000000035a00040d00000001520014000407000000010c00040c00000001040b0000000114000407000000010c00040c00000001040c000000020e00040900000001060004100000000314000407000000010c00040b000000010402000000040e00040900000001060004020000000604000000000716636c69656e74202e205649503a206261636b656e6400")]
    [InlineData("inside4", "000402000000071d706f6420616464726573736573206f662074686520636c757374657200")]
    [InlineData("cluster-ips6", "000402000000")]
    [InlineData("ranges6", "000400000000035a00040d00000001520014000407000000010c00040d000000010409000000010e00040900000001060004100000000214000407000000010c00040b0000000104020000000314000407000000010c00040d0000000104080000000717564950202e207065726d697474656420736f7572636500")]
    public void UserDataOfSets_IsWhatNftWrites(string name, string hex)
    {
        var writer = new UserDataWriter(new byte[UserDataWriter.MaxBytes]);
        SetUserDataCodec.Write(ref writer, ServiceExample.Build().FindSet(name)!);

        Assert.Equal(hex, Convert.ToHexStringLower(writer.Written));
    }

    [Theory]
    [InlineData("services4", 0x730du, 12)]
    [InlineData("services6", 0x830du, 24)]
    [InlineData("endpoints4", 0x5c4u, 8)]
    [InlineData("ranges6", 0x20c348u, 40)]
    public void KeyTypes_AreWhatNftWrites(string name, uint type, int length)
    {
        var key = ServiceExample.Build().FindSet(name)!.Key;

        Assert.Equal((type, length), (key.TypeId, key.LengthBytes));
    }

    [Fact]
    public void ManyElements_AreSplitBelowTheLimitOfAnAttribute_AndFailuresFindTheirWayBack()
    {
        var services = new ServiceExample.Family(IpFamily.V6).Services;
        var elements = Enumerable.Range(0, 5000).Select(i => ServiceExample.Vip($"fd00::{i:x}", 6, 80, (uint)i)).ToValueList();
        var batch = new NftBatch().AddTable(new NftTable(NftFamily.Inet, "t")).AddElements(Table, services, elements);

        var origins = new BatchWriter();
        using var rented = new RentedBuffer(1 << 20);
        var writer = new NetlinkWriter(rented.Span);
        origins.Write(ref writer, batch);

        var reader = new NetlinkMessageReader(writer.Written);
        var read = new List<RawElement>();
        var index = 0;
        for (; reader.TryRead(out var message); index++)
        {
            if (NftMessages.NumberOf(message.Type) == NftMessages.NFT_MSG_NEWSETELEM)
            {
                Assert.True(message.Payload.Length < ushort.MaxValue);
                Assert.Equal(read.Count, origins.OriginOf(index).FirstElement);
                Assert.Same(batch.Operations[1], origins.OriginOf(index).Operation);
                ElementCodec.Read(message, read);
            }
        }

        writer.Dispose();
        Assert.True(index > 5, "several messages of elements");
        Assert.Equal(elements, ElementCodec.Combine(services, read));
        Assert.Null(origins.OriginOf(0).Operation);
        Assert.Equal("add table inet t", origins.Describe(1));
    }

    [Fact]
    public void TermBeyondTheRegisters_IsRefusedWhenTheRuleIsMade()
    {
        var all = new NftMap("m", NftKey.Typeof(Field.Ip6Source, Field.Ip6Destination, Field.InputInterfaceName, Field.OutputInterfaceName), NftKey.Typeof(Field.Mark));

        Assert.Throws<ArgumentException>(() => NftRule.Of(Statement.Update(all, [.. all.Key.Fields.Select(field => field.Source!)], null, [Field.Mark])));
        Assert.Throws<ArgumentException>(() => NftRule.Of(Match.InSet(all, Field.Ip6Source)));
    }

    [Fact]
    public void EncodingALargeCluster_AllocatesLittleAndIsQuick()
    {
        var v4 = new ServiceExample.Family(IpFamily.V4);
        var services = Enumerable.Range(0, 10_000).Select(i => ServiceExample.Vip(IpAddress.FromV4(0x0A600000u + (uint)i).ToString(), 6, 80, (uint)i)).ToValueList();
        var endpoints = Enumerable.Range(0, 50_000).Select(i => ServiceExample.Slot((uint)i / 5, (uint)i % 5, IpAddress.FromV4(0x0AF40000u + (uint)i).ToString(), 8080)).ToValueList();
        var lists = Enumerable.Range(0, 10_000).Select(i => new NftElement(NftValue.Of((uint)i), NftValue.Of(0x1060005u))).ToValueList();
        var batch = new NftBatch().AddElements(Table, v4.Endpoints, endpoints).AddElements(Table, ServiceExample.Lists, lists).AddElements(Table, v4.Services, services);
        Encode(batch);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        var length = Encode(batch);
        clock.Stop();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(length > 2_000_000);
        Assert.True(allocated < length + (1 << 20), $"{allocated} bytes allocated for {length} bytes, {clock.ElapsedMilliseconds} ms");
    }

    private static int Encode(NftBatch batch)
    {
        using var rented = new RentedBuffer(1 << 16);
        var writer = new NetlinkWriter(rented.Span);
        new BatchWriter().Write(ref writer, batch);
        var length = writer.Length;
        writer.Dispose();
        return length;
    }
}
