using System.Buffers.Binary;
using Kn.Linux.Conntrack;
using Kn.Linux.Netlink;
using Kn.Linux.Routes;
using Kn.Linux.Routes.Messages;
using Kn.Primitives;

namespace Kn.Linux.Tests.Routes;

/// <summary>What was encoded decodes to itself; cut at any length, or with any bytes changed, it decodes or is refused as malformed.</summary>
public sealed class DecodingTests
{
    private delegate void Encode(ref NetlinkWriter writer);

    private static readonly VxlanSettings Settings = new() { Vni = 9, Port = 8472, UnderlayIndex = 2, Local = IpAddress.Parse("2001:db8::1"), Learning = true };

    private static readonly LinkAddress Address = new() { Address = IpAddress.Parse("192.0.2.1"), PrefixLength = 32, LinkIndex = 3, Peer = IpAddress.Parse("192.0.2.2"), Flags = LinkAddressFlags.NoPrefixRoute };

    private static readonly Route Via = new()
    {
        Destination = IpPrefix.Parse("10.1.0.0/24"),
        Gateway = IpAddress.Parse("fe80::1"),
        LinkIndex = 3,
        PreferredSource = IpAddress.Parse("192.0.2.1"),
        Table = (RouteTable)70000,
        Mtu = 1400,
        Metric = 5,
        OnLink = true,
        Scope = RouteScope.Link,
    };

    private static readonly Route Multipath = new()
    {
        Destination = IpPrefix.Parse("2001:db8::/32"),
        NextHops = [new(IpAddress.Parse("fe80::1"), 3, 1, true), new(null, 4, 256)],
    };

    private static readonly Neighbour Neighbour = new() { Address = IpAddress.Parse("2001:db8::7"), LinkIndex = 3, Mac = MacAddress.Parse("02:00:00:00:00:07"), Flags = NeighbourFlags.Router };

    private static readonly FdbEntry Entry = new() { Mac = MacAddress.Parse("02:00:00:00:00:07"), LinkIndex = 4, Remote = IpAddress.Parse("192.0.2.7"), RemotePort = 8472, Vni = 7, Vlan = 9 };

    private static readonly Rule Rule = new()
    {
        Family = IpFamily.V4,
        Priority = 9,
        Source = IpPrefix.Parse("10.0.0.0/8"),
        Destination = IpPrefix.Parse("10.1.0.0/16"),
        Mark = 1,
        MarkMask = 3,
        InLink = "a",
        OutLink = "b",
        Inverted = true,
        SuppressPrefixLength = 0,
        Table = (RouteTable)70000,
    };

    private static readonly Dictionary<string, byte[]> Messages = new(StringComparer.Ordinal)
    {
        ["link"] = Bytes((ref NetlinkWriter writer) => LinkMessages.WriteCreate(ref writer, new VxlanLink { Name = "vx", Mtu = 9, Master = 4, Group = 5, Mac = MacAddress.FromNumber(7), Settings = Settings })),
        ["address"] = Bytes((ref NetlinkWriter writer) => AddressMessages.WriteEnsure(ref writer, 3, Address)),
        ["route"] = Bytes((ref NetlinkWriter writer) => RouteMessages.WriteEnsure(ref writer, Via)),
        ["multipath route"] = Bytes((ref NetlinkWriter writer) => RouteMessages.WriteEnsure(ref writer, Multipath)),
        ["neighbour"] = Bytes((ref NetlinkWriter writer) => NeighbourMessages.WriteEnsure(ref writer, Neighbour)),
        ["fdb"] = Bytes((ref NetlinkWriter writer) => NeighbourMessages.WriteEnsure(ref writer, Entry)),
        ["rule"] = Bytes((ref NetlinkWriter writer) => RuleMessages.WriteEnsure(ref writer, Rule)),
        ["token bucket"] = Bytes(static (ref NetlinkWriter writer) => QdiscMessages.WriteEnsure(ref writer, 3, 0x004B_0000, new TokenBucket(12_500_000, 65_536, 1_000_000))),
        ["fast token bucket"] = Bytes(static (ref NetlinkWriter writer) => QdiscMessages.WriteEnsure(ref writer, 3, 0x004B_0000, new TokenBucket(12_500_000_000, 65_536, 1_000_000))),
        ["conntrack flow"] = Bytes(WriteFlow),
    };

    public static TheoryData<string> MessageNames() => [.. Messages.Keys];

    [Fact]
    public void WhatWasWritten_IsRead()
    {
        var link = Assert.IsType<LinkEvent>(Assert.Single(Decode(Messages["link"]))).Link;
        Assert.Equal(("vx", 9u, 4, 5u, "vxlan", Settings), (link.Name, link.Mtu, link.Master, link.Group, link.Kind, link.Vxlan));
        Assert.Equal(Address, Assert.IsType<AddressEvent>(Assert.Single(Decode(Messages["address"]))).Address);
        Assert.Equal(Via, Assert.IsType<RouteChangeEvent>(Assert.Single(Decode(Messages["route"]))).Route);
        Assert.Equal(Multipath, Assert.IsType<RouteChangeEvent>(Assert.Single(Decode(Messages["multipath route"]))).Route);
        Assert.Equal(Neighbour, Assert.IsType<NeighbourEvent>(Assert.Single(Decode(Messages["neighbour"]))).Neighbour);
        Assert.Equal(Entry, Assert.IsType<FdbEvent>(Assert.Single(Decode(Messages["fdb"]))).Entry);
        Assert.Equal(Rule, Assert.IsType<RuleEvent>(Assert.Single(Decode(Messages["rule"]))).Rule);
        foreach (var (name, rate) in (ReadOnlySpan<(string, ulong)>)[("token bucket", 12_500_000), ("fast token bucket", 12_500_000_000)])
        {
            var qdisc = Assert.IsType<QdiscEvent>(Assert.Single(Decode(Messages[name]))).Qdisc;
            Assert.Equal((3, 0x004B_0000u, "tbf", true), (qdisc.LinkIndex, qdisc.Handle, qdisc.Kind, qdisc.IsRoot));
            Assert.True(qdisc.TokenBucket!.IsSameAs(new TokenBucket(rate, 65_536, 1_000_000)), qdisc.TokenBucket.ToString());
        }
    }

    [Fact]
    public void AFlow_IsRead()
    {
        Assert.True(new NetlinkMessageReader(Messages["conntrack flow"]).TryRead(out var message));
        Assert.True(ConntrackMessages.TryRead(message, out var flow));
        Assert.Equal(Flow, flow);
    }

    [Theory, MemberData(nameof(MessageNames))]
    public void CutAtEveryLength_IsReadOrRefused(string name)
    {
        var whole = Messages[name];
        for (var length = 0; length < whole.Length; length++)
        {
            // The datagram ends early: always refused. The message says that it ends early: refused, or what is left is whole.
            var cut = Poisoned(whole.AsSpan(0, length));
            Assert.True(length == 0 || Refuses(cut), $"datagram of {length} bytes");
            if (length >= NetlinkWriter.HeaderBytes)
            {
                BinaryPrimitives.WriteInt32LittleEndian(cut, length);
                Refuses(cut);
            }
        }
    }

    [Theory, MemberData(nameof(MessageNames))]
    public void AnyBytesChanged_IsReadOrRefused(string name)
    {
        var random = new Random(4711);
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Messages[name].ToArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                bytes[random.Next(round % 2 == 0 ? 0 : NetlinkWriter.HeaderBytes, bytes.Length)] = (byte)random.Next(256);
            }

            Refuses(bytes);
        }
    }

    [Fact]
    public void RandomBytes_AreReadOrRefused()
    {
        var random = new Random(4712);
        ushort[] types = [16, 17, 20, 21, 24, 25, 28, 29, 32, 33, 36, 37, 256, 258];
        for (var round = 0; round < 50_000; round++)
        {
            var bytes = new byte[random.Next(16, 200)];
            random.NextBytes(bytes);
            BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(4), types[random.Next(types.Length)]);
            Refuses(bytes);
        }
    }

    private static ConntrackFlow Flow => new(
        new ConntrackTuple(IpAddress.Parse("10.0.0.1"), IpAddress.Parse("10.96.0.1"), 17, 1000, 53),
        new ConntrackTuple(IpAddress.Parse("10.1.0.1"), IpAddress.Parse("10.0.0.1"), 17, 5353, 1000),
        ConntrackStatus.Confirmed | ConntrackStatus.DestinationNat,
        Mark: 7,
        Zone: 3,
        Id: 99,
        TimeoutSeconds: 30);

    private static void WriteFlow(ref NetlinkWriter writer)
    {
        var message = writer.BeginMessage(ConntrackMessages.NewFlow, NetlinkFlags.None);
        writer.Append(ConntrackMessages.HeaderBytes)[0] = 2;
        WriteTuple(ref writer, 1, Flow.Original);
        WriteTuple(ref writer, 2, Flow.Reply);
        writer.PutUInt32BigEndian(3, (uint)Flow.Status);
        writer.PutUInt32BigEndian(7, Flow.TimeoutSeconds);
        writer.PutUInt32BigEndian(8, Flow.Mark);
        writer.PutUInt32BigEndian(12, Flow.Id);
        writer.PutUInt16BigEndian(18, Flow.Zone);
        writer.EndMessage(message);
    }

    private static void WriteTuple(ref NetlinkWriter writer, ushort type, ConntrackTuple tuple)
    {
        var nest = writer.BeginNest(type);
        var addresses = writer.BeginNest(1);
        writer.PutAddress(1, tuple.Source);
        writer.PutAddress(2, tuple.Destination);
        writer.EndNest(addresses);
        var protocol = writer.BeginNest(2);
        writer.PutUInt8(1, tuple.Protocol);
        writer.PutUInt16BigEndian(2, tuple.SourcePort);
        writer.PutUInt16BigEndian(3, tuple.DestinationPort);
        writer.EndNest(protocol);
        writer.EndNest(nest);
    }

    private static byte[] Bytes(Encode encode)
    {
        var writer = new NetlinkWriter(stackalloc byte[64]);
        encode(ref writer);
        var bytes = writer.Written.ToArray();
        writer.Dispose();
        return bytes;
    }

    private static List<RouteEvent> Decode(ReadOnlySpan<byte> datagram)
    {
        var events = new List<RouteEvent>();
        var reader = new NetlinkMessageReader(datagram);
        while (reader.TryRead(out var message))
        {
            RouteEventMessages.Read(message, events);
            ConntrackMessages.TryRead(message, out _);
        }

        return events;
    }

    private static bool Refuses(ReadOnlySpan<byte> datagram)
    {
        try
        {
            Decode(datagram);
            return false;
        }
        catch (WireFormatException)
        {
            return true;
        }
    }

    // An array of its own: a read beyond the end throws, which no test lets pass.
    private static byte[] Poisoned(ReadOnlySpan<byte> bytes) => bytes.ToArray();
}
