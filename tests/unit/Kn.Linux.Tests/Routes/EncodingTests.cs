using Kn.Linux.Netlink;
using Kn.Linux.Routes;
using Kn.Linux.Routes.Messages;
using Kn.Primitives;

namespace Kn.Linux.Tests.Routes;

/// <summary>Rows marked "as ip(8)" hold what iproute2 6.1 sends for the same command (strace -e write=3), without its NLM_F_ACK and
/// sequence number, attributes in our order; the others are derived from the headers.</summary>
public sealed class EncodingTests
{
    private static readonly Dictionary<string, (RouteChange Change, string Hex)> Rows = new(StringComparer.Ordinal)
    {
        ["as ip(8): link add kn0 mtu 1450 address 02:00:00:00:00:01 type veth peer name kn1"] = (
            new CreateLink(new VethLink { Name = "kn0", Mtu = 1450, Mac = MacAddress.Parse("02:00:00:00:00:01"), Peer = new VethPeer { Name = "kn1" } }),
            """
            68000000 1000 0106 00000000 00000000
            00 00 0000 00000000 00000000 00000000
            0800 0300 6b6e3000
            0800 0400 aa050000
            0a00 0100 020000000001 0000
            2c00 1200
              0800 0100 76657468
              2000 0200
                1c00 0100 00000000 00000000 00000000 00000000
                  0800 0300 6b6e3100
            """),
        ["as ip(8): link add vx0 type vxlan id 4096 dev lo local 192.0.2.1 dstport 8472 nolearning"] = (
            new CreateLink(new VxlanLink
            {
                Name = "vx0",
                Settings = new VxlanSettings { Vni = 4096, Port = 8472, UnderlayIndex = 1, Local = IpAddress.Parse("192.0.2.1") },
            }),
            """
            64000000 1000 0106 00000000 00000000
            00 00 0000 00000000 00000000 00000000
            0800 0300 76783000
            3c00 1200
              0900 0100 76786c616e 000000
              2c00 0200
                0800 0100 00100000
                0800 0300 01000000
                0800 0400 c0000201
                0500 0700 00 000000
                0600 0f00 2118 0000
            """),
        ["as ip(8): link add vx0 type vxlan id 75 local 2001:db8::1 dstport 4789 nolearning df inherit"] = (
            new CreateLink(new VxlanLink
            {
                Name = "vx0",
                Settings = new VxlanSettings { Vni = 75, Local = IpAddress.Parse("2001:db8::1"), DontFragment = VxlanDontFragment.Inherit },
            }),
            """
            70000000 1000 0106 00000000 00000000
            00 00 0000 00000000 00000000 00000000
            0800 0300 76783000
            4800 1200
              0900 0100 76786c616e 000000
              3800 0200
                0800 0100 4b000000
                1400 1100 20010db8000000000000000000000001
                0500 0700 00 000000
                0600 0f00 12b5 0000
                0500 1d00 02 000000
            """),
        ["as ip(8): link set vx0 type vxlan local 192.0.2.7"] = (
            new ChangeLink(3, new LinkChange { VxlanLocal = IpAddress.Parse("192.0.2.7") }),
            """
            3c000000 1000 0100 00000000 00000000
            00 00 0000 03000000 00000000 00000000
            1c00 1200
              0900 0100 76786c616e 000000
              0c00 0200
                0800 0400 c0000207
            """),
        ["a bridge that is up, without data"] = (
            new CreateLink(new BridgeLink { Name = "br0", Index = 258, Up = true, Group = 7 }),
            """
            40000000 1000 0106 00000000 00000000
            00 00 0000 02010000 01000000 01000000
            0800 0300 62723000
            0800 1b00 07000000
            1000 1200
              0a00 0100 627269646765 0000
            """),
        ["as ip(8): link set kn0 up"] = (
            new ChangeLink(3, new LinkChange { Up = true }),
            "20000000 1000 0100 00000000 00000000 00 00 0000 03000000 01000000 01000000"),
        ["a link down, off its bridge, alias removed"] = (
            new ChangeLink(3, new LinkChange { Up = false, Master = 0, Alias = "" }),
            """
            2c000000 1000 0100 00000000 00000000 00 00 0000 03000000 00000000 01000000
            0400 1400
            0800 0a00 00000000
            """),
        ["as ip(8): link del group 76"] = (
            new RemoveLinkGroup(76),
            """
            28000000 1100 0100 00000000 00000000 00 00 0000 00000000 00000000 00000000
            0800 1b00 4c000000
            """),
        ["a link removed"] = (new RemoveLink(3), "20000000 1100 0100 00000000 00000000 00 00 0000 03000000 00000000 00000000"),
        ["as ip(8): addr add 192.0.2.1/24 dev kn0"] = (
            new EnsureAddress(3, new LinkAddress { Address = IpAddress.Parse("192.0.2.1"), PrefixLength = 24 }),
            "28000000 1400 0105 00000000 00000000 02 18 00 00 03000000 0800 0200 c0000201 0800 0100 c0000201"),
        ["an IPv6 address without a route and without a search for duplicates"] = (
            new EnsureAddress(3, new LinkAddress
            {
                Address = IpAddress.Parse("2001:db8::1"),
                PrefixLength = 64,
                Flags = LinkAddressFlags.NoDuplicateDetection | LinkAddressFlags.NoPrefixRoute,
            }),
            """
            48000000 1400 0105 00000000 00000000 0a 40 02 00 03000000
            1400 0200 20010db8000000000000000000000001
            1400 0100 20010db8000000000000000000000001
            0800 0800 02020000
            """),
        ["as ip(8): route replace 10.1.0.0/24 via 169.254.1.1 dev kn0 onlink proto 199 metric 7"] = (
            new EnsureRoute(new Route
            {
                Destination = IpPrefix.Parse("10.1.0.0/24"),
                Gateway = IpAddress.Parse("169.254.1.1"),
                LinkIndex = 3,
                OnLink = true,
                Protocol = 199,
                Metric = 7,
            }),
            """
            3c000000 1800 0105 00000000 00000000
            02 18 00 00 fe c7 00 01 04000000
            0800 0100 0a010000
            0800 0500 a9fe0101
            0800 0400 03000000
            0800 0600 07000000
            """),
        ["a route in a high table with an MTU, source and an IPv6 gateway"] = (
            new EnsureRoute(new Route
            {
                Destination = IpPrefix.Parse("0.0.0.0/0"),
                Gateway = IpAddress.Parse("fe80::1"),
                LinkIndex = 3,
                PreferredSource = IpAddress.Parse("192.0.2.1"),
                Table = (RouteTable)100_000,
                Mtu = 1400,
            }),
            """
            58000000 1800 0105 00000000 00000000
            02 00 00 00 00 04 00 01 00000000
            1600 1200 0a00 fe800000000000000000000000000001 0000
            0800 0400 03000000
            0800 0700 c0000201
            0800 0f00 a0860100
            0c00 0800
              0800 0200 78050000
            """),
        ["a multipath route"] = (
            new EnsureRoute(new Route
            {
                Destination = IpPrefix.Parse("10.1.0.0/24"),
                NextHops = [new(IpAddress.Parse("192.0.2.2"), 3), new(IpAddress.Parse("192.0.2.3"), 4, Weight: 3, OnLink: true)],
            }),
            """
            48000000 1800 0105 00000000 00000000
            02 18 00 00 fe 04 00 01 00000000
            0800 0100 0a010000
            2400 0900
              1000 00 00 03000000 0800 0500 c0000202
              1000 04 02 04000000 0800 0500 c0000203
            """),
        ["a blackhole removed"] = (
            new RemoveRoute(new Route { Destination = IpPrefix.Parse("2001:db8::/32"), Type = RouteType.Blackhole }),
            "30000000 1900 0100 00000000 00000000 0a 20 00 00 fe 04 00 06 00000000 1400 0100 20010db8000000000000000000000000"),
        ["as ip(8): neigh replace 192.0.2.7 lladdr 02:00:00:00:00:07 dev kn0 nud permanent"] = (
            new EnsureNeighbour(new Neighbour { Address = IpAddress.Parse("192.0.2.7"), LinkIndex = 3, Mac = MacAddress.Parse("02:00:00:00:00:07") }),
            "30000000 1c00 0105 00000000 00000000 02 00 0000 03000000 8000 00 00 0800 0100 c0000207 0a00 0200 020000000007 0000"),
        ["as bridge(8): fdb append 00:00:00:00:00:00 dst 198.51.100.7 dev vx0, state noarp and permanent"] = (
            new EnsureFdbEntry(new FdbEntry
            {
                Mac = default,
                LinkIndex = 4,
                Remote = IpAddress.Parse("198.51.100.7"),
                State = NeighbourStates.NoArp | NeighbourStates.Permanent,
            }),
            "30000000 1c00 010c 00000000 00000000 07 00 0000 04000000 c000 02 00 0a00 0200 000000000000 0000 0800 0100 c6336407"),
        ["an FDB entry with a port and another network"] = (
            new EnsureFdbEntry(new FdbEntry
            {
                Mac = MacAddress.Parse("02:00:00:00:00:07"),
                LinkIndex = 4,
                Remote = IpAddress.Parse("198.51.100.7"),
                RemotePort = 4789,
                Vni = 5,
                Vlan = 6,
            }),
            """
            48000000 1c00 0105 00000000 00000000 07 00 0000 04000000 8000 02 00
            0a00 0200 020000000007 0000
            0800 0100 c6336407
            0600 0500 0600 0000
            0600 0600 12b5 0000
            0800 0700 05000000
            """),
        ["as ip(8), with a protocol: rule add pref 1003 from 10.1.0.0/16 fwmark 0x4000/0x4000 lookup 1000"] = (
            new EnsureRule(new Rule
            {
                Family = IpFamily.V4,
                Priority = 1003,
                Source = IpPrefix.Parse("10.1.0.0/16"),
                Mark = 0x4000,
                MarkMask = 0x4000,
                Table = (RouteTable)1000,
            }),
            """
            4c000000 2000 0106 00000000 00000000
            02 00 10 00 00 00 00 01 00000000
            0800 0600 eb030000
            0500 1500 04 000000
            0800 0f00 e8030000
            0800 0200 0a010000
            0800 0a00 00400000
            0800 1000 00400000
            """),
        ["as tc(8), with the link layer stated in place of a table of times: qdisc replace dev kn0 root handle 75: tbf rate 10mbit burst 20000 limit 50000"] = (
            new EnsureTokenBucket(3, 0x0075_0000, new TokenBucket(1_250_000, 20_000, 50_000)),
            """
            60000000 2400 0105 00000000 00000000
            00 00 0000 03000000 00007500 ffffffff 00000000
            0800 0100 74626600
            3400 0200
              2800 0100
                00 01 0000 0000 0000 d0121300
                00 00 0000 0000 0000 00000000
                50c30000 90d00300 00000000
              0800 0600 204e0000
            """),
        ["a token bucket of more than 4 GB a second"] = (
            new EnsureTokenBucket(3, 0x004B_0000, new TokenBucket(12_500_000_000, 65_536, 1_000_000)),
            """
            6c000000 2400 0105 00000000 00000000
            00 00 0000 03000000 00004b00 ffffffff 00000000
            0800 0100 74626600
            4000 0200
              2800 0100
                00 01 0000 0000 0000 ffffffff
                00 00 0000 0000 0000 00000000
                40420f00 51000000 00000000
              0c00 0400 00dd0ee902000000
              0800 0600 00000100
            """),
        ["a place for filters"] = (
            new EnsureClassifiers(3),
            """
            30000000 2400 0106 00000000 00000000
            00 00 0000 03000000 0000ffff f1ffffff 00000000
            0b00 0100 636c7361637400 00
            """),
        ["a filter removed"] = (
            new RemoveBpfFilter(new BpfFilter(3, TrafficDirection.Egress, 75, "kn-fast")),
            """
            2c000000 2d00 0100 00000000 00000000
            00 00 0000 03000000 01000000 f3ffffff 00034b00
            0800 0100 62706600
            """),
        ["the root qdisc removed"] = (new RemoveRootQdisc(3), "24000000 2500 0100 00000000 00000000 00 00 0000 03000000 00000000 ffffffff 00000000"),
    };

    public static TheoryData<string> RowNames() => [.. Rows.Keys];

    [Theory, MemberData(nameof(RowNames))]
    public void Bytes_AreTheKernels(string name)
    {
        var (change, hex) = Rows[name];
        var writer = new NetlinkWriter(new byte[16]);
        change.Write(ref writer);
        Assert.Equal(string.Concat(hex.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), Convert.ToHexStringLower(writer.Written));
        writer.Dispose();
    }

    [Fact]
    public void BpfFilter_NamesItsProgram()
    {
        const string Bytes = """
            4c000000 2c00 0104 00000000 00000000
            00 00 0000 03000000 01000000 f2ffffff 00034b00
            0800 0100 62706600
            2000 0200
              0800 0600 07000000
              0c00 0700 6b6e2d6661737400
              0800 0800 01000000
            """;
        var writer = new NetlinkWriter(new byte[16]);
        FilterMessages.WriteEnsure(ref writer, new BpfFilter(3, TrafficDirection.Ingress, 75, "kn-fast"), program: 7);
        Assert.Equal(string.Concat(Bytes.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), Convert.ToHexStringLower(writer.Written));
        writer.Dispose();
    }

    [Fact]
    public void EveryChange_HasARow()
    {
        var changes = typeof(RouteChange).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(RouteChange)) && type.IsPublic).Select(type => type.Name);
        var covered = Rows.Values.Select(row => row.Change.GetType().Name).ToHashSet(StringComparer.Ordinal);

        // Their removals differ from the additions in the message type alone.
        // A filter needs a program, which the kernel has to check: its bytes have a test of their own.
        covered.Add("EnsureBpfFilter");
        covered.UnionWith(["RemoveAddress", "RemoveNeighbour", "RemoveFdbEntry", "RemoveRule"]);
        Assert.Empty(changes.Except(covered, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("02:00:0a:f4:00:05", 0x02000af40005)]
    [InlineData("FF:ff:ff:ff:ff:ff", 0xffffffffffff)]
    public void MacAddress_ParsesAndPrints(string text, ulong number)
    {
        Assert.Equal(number, MacAddress.Parse(text).Number);
        Assert.Equal(MacAddress.FromNumber(number), MacAddress.Parse(text));
        Assert.Equal(text.ToLowerInvariant(), MacAddress.FromNumber(number).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("02:00:0a:f4:00")]
    [InlineData("02-00-0a-f4-00-05")]
    [InlineData("02:00:0a:f4:00:0g")]
    [InlineData("02:00:0a:f4:00:05:")]
    public void MacAddress_RefusesWhatIsNone(string text) => Assert.False(MacAddress.TryParse(text, out _));
}
