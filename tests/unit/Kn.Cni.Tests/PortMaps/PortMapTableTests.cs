using System.Runtime.CompilerServices;
using Kn.Cni.Ipam;
using Kn.Cni.Masquerade;
using Kn.Cni.PortMaps;
using Kn.Cni.Protocol;
using Kn.Cni.Table;
using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Text;
using Kn.Linux.Nftables.Tracing;
using Kn.Primitives;

namespace Kn.Cni.Tests.PortMaps;

/// <summary>The table with port mappings: as text, and what it means for packets.</summary>
public sealed class PortMapTableTests
{
    private static readonly Attachment Web = new()
    {
        Key = new AttachmentKey("web", "eth0"),
        Network = "kn",
        Addresses = [IpAddress.Parse("10.244.1.5"), IpAddress.Parse("fd00:1::5")],
        PortMappings = [new PortMapping(8080, 80, IpProtocol.Tcp), new PortMapping(53, 5353, IpProtocol.Udp, IpAddress.Parse("192.0.2.1")), new PortMapping(9000, 9, IpProtocol.Sctp, IpAddress.Parse("::"))],
    };

    private static readonly Attachment Local = new()
    {
        Key = new AttachmentKey("local", "eth0"),
        Network = "kn",
        Addresses = [IpAddress.Parse("10.244.1.6")],
        PortMappings = [new PortMapping(7000, 70, IpProtocol.Tcp, IpAddress.Parse("127.0.0.1"))],
    };

    private static readonly NftTable Table = CniTableRules.Table(
        new MasqueradeSets([IpPrefix.Parse("10.244.1.0/24"), IpPrefix.Parse("fd00:1::/64")], [IpPrefix.Parse("10.244.0.0/16"), IpPrefix.Parse("fd00::/16")]),
        HostPortLedger.ElementsOf(Web).Concat(HostPortLedger.ElementsOf(Local))).AsDeclared();

    private static readonly IpAddress[] OfThisNode = [IpAddress.Parse("192.0.2.1"), IpAddress.Parse("192.0.2.2"), IpAddress.Parse("2001:db8::1")];

    [Fact]
    public void Text_IsAsExpected()
    {
        var text = NftText.Of(Table);
        var path = Path.Combine(Folder(), "expected.nft");
        if (Environment.GetEnvironmentVariable("KN_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.Equal(File.ReadAllText(path), text);
    }

    [Fact]
    public void OneMapping_CostsTwoElementsAFamily() =>
        Assert.Equal(4, PortMapElements.Of("o", Web.Addresses, [new PortMapping(80, 80, IpProtocol.Tcp)]).Count);

    [Theory]
    // From outside, with the client's own address, by any address of the node.
    [InlineData("198.51.100.7", "192.0.2.1", 8080, "tcp", "10.244.1.5:80")]
    [InlineData("198.51.100.7", "192.0.2.2", 8080, "tcp", "10.244.1.5:80")]
    [InlineData("2001:db8:9::7", "2001:db8::1", 8080, "tcp", "fd00:1::5:80")]
    [InlineData("198.51.100.7", "192.0.2.1", 8080, "udp", "untouched")]
    [InlineData("198.51.100.7", "192.0.2.1", 8081, "tcp", "untouched")]
    // Addresses that are not the node's are left alone.
    [InlineData("198.51.100.7", "203.0.113.1", 8080, "tcp", "untouched")]
    // One address only.
    [InlineData("198.51.100.7", "192.0.2.1", 53, "udp", "10.244.1.5:5353")]
    [InlineData("198.51.100.7", "192.0.2.2", 53, "udp", "untouched")]
    // All of one family.
    [InlineData("2001:db8:9::7", "2001:db8::1", 9000, "sctp", "fd00:1::5:9")]
    [InlineData("198.51.100.7", "192.0.2.1", 9000, "sctp", "untouched")]
    // Other pods keep their address, and the pod itself cannot.
    [InlineData("10.244.1.9", "192.0.2.1", 8080, "tcp", "10.244.1.5:80")]
    [InlineData("10.244.1.5", "192.0.2.1", 8080, "tcp", "10.244.1.5:80 masqueraded")]
    [InlineData("fd00:1::5", "2001:db8::1", 8080, "tcp", "fd00:1::5:80 masqueraded")]
    // The node itself: only a loopback address cannot be answered.
    [InlineData("192.0.2.1", "192.0.2.1", 8080, "tcp", "10.244.1.5:80")]
    [InlineData("127.0.0.1", "127.0.0.1", 8080, "tcp", "10.244.1.5:80 masqueraded")]
    [InlineData("192.0.2.1", "127.0.0.1", 8080, "tcp", "10.244.1.5:80")]
    [InlineData("::1", "::1", 8080, "tcp", "untouched")]
    [InlineData("2001:db8::1", "::1", 8080, "tcp", "fd00:1::5:80")]
    [InlineData("127.0.0.1", "127.0.0.1", 7000, "tcp", "10.244.1.6:70 masqueraded")]
    [InlineData("192.0.2.1", "192.0.2.1", 7000, "tcp", "untouched")]
    // Nobody else reaches the node's loopback addresses.
    [InlineData("10.244.1.9", "127.0.0.1", 7000, "tcp", "dropped")]
    [InlineData("10.244.1.9", "127.0.0.1", 22, "tcp", "dropped")]
    [InlineData("198.51.100.7", "127.0.0.1", 8080, "tcp", "dropped")]
    // Pods that leave the cluster are masqueraded as before.
    [InlineData("10.244.1.5", "198.51.100.7", 80, "tcp", "untouched masqueraded")]
    [InlineData("10.244.1.5", "10.244.9.9", 80, "tcp", "untouched")]
    public void Packet_GoesWhereItShould(string from, string to, int port, string protocol, string expected)
    {
        var source = IpAddress.Parse(from);
        var isLocal = source.IsLoopback || OfThisNode.Contains(source);
        var packet = new TracePacket(source, IpAddress.Parse(to), PortMapping.ParseProtocol(protocol)!.Value, 40000, (ushort)port)
        {
            InputInterface = isLocal ? 0u : 7u,
            OutputInterface = 8,
            AddressKindOf = static asked => asked.IsLoopback || OfThisNode.Contains(asked) ? AddressKind.Local : AddressKind.Unicast,
        };
        var tracer = new PacketTracer(Table);
        var there = tracer.Trace(isLocal ? "output" : "prerouting", packet);
        if (there.Verdict == NftVerdictKind.Drop)
        {
            Assert.Equal("dropped", expected);
            return;
        }

        var leaving = tracer.Trace("postrouting", there.Packet);
        var target = there.DnatAddress is { } address ? $"{address}:{there.DnatPort}" : "untouched";
        Assert.Equal(expected, leaving.IsMasqueraded ? $"{target} masqueraded" : target);
    }

    /// <summary>What conntrack cannot follow passes nat chains by. The node's own connection to a port of a container is answered with its address of
    /// before the translation; everything else that another link delivers for a loopback address is nobody's.</summary>
    [Theory]
    [InlineData("10.244.1.5", 7u, ConnectionStatus.DestinationNat | ConnectionStatus.SourceNat, ConnectionDirection.Reply, NftVerdictKind.Accept)]
    [InlineData("10.244.1.5", 7u, ConnectionStatus.DestinationNat, ConnectionDirection.Original, NftVerdictKind.Drop)]
    [InlineData("10.244.1.5", 7u, ConnectionStatus.None, ConnectionDirection.Reply, NftVerdictKind.Drop)]
    [InlineData("10.244.1.5", 7u, ConnectionStatus.None, ConnectionDirection.Original, NftVerdictKind.Drop)]
    [InlineData("127.0.0.1", 1u, ConnectionStatus.None, ConnectionDirection.Original, NftVerdictKind.Accept)]
    public void PacketForALoopbackAddress_IsDelivered_OnlyAsAnAnswerToTheNode(
        string from, uint link, ConnectionStatus status, ConnectionDirection direction, NftVerdictKind expected)
    {
        var packet = new TracePacket(IpAddress.Parse(from), IpAddress.Parse("127.0.0.1"), IpProtocol.Tcp, 80, 40000)
        {
            InputInterface = link,
            Status = status,
            Direction = direction,
        };
        Assert.Equal(expected, new PacketTracer(Table).Trace("loopback", packet).Verdict);
    }

    [Fact]
    public void RepeatedFrames_NeedNothing()
    {
        Assert.True(CniTable.Batch(Table, Table).IsEmpty);
        Assert.Equal(CniTableRules.Frame(CniTableRules.Static.AsDeclared()), CniTableRules.Frame(Table));
    }

    [Fact]
    public void TableOfPortMappingsAlone_HasTheSameSetsAndTranslation()
    {
        var alone = PortMapRules.Table(new NftTableId(NftFamily.Inet, "other"));
        Assert.Equal(PortMapSchema.All.Select(static set => set.Name), alone.Sets.Select(static set => set.Name));
        Assert.Equal(PortMapRules.Postrouting, alone.FindChain("postrouting")!.Rules);
    }

    [Fact]
    public void Comment_HoldsOwner_AndIsNeverTooLong()
    {
        Assert.Equal("kn web eth0", PortMapOwner.CommentOf("kn", Web.Key));
        var longest = PortMapOwner.CommentOf(new string('n', 255), new AttachmentKey(new string('c', 255), new string('i', 15)));
        Assert.InRange(longest.Length, 1, 127);
        Assert.StartsWith(PortMapOwner.PrefixOf(new string('n', 255)), longest, StringComparison.Ordinal);
        Assert.NotEqual(longest, PortMapOwner.CommentOf(new string('n', 255), new AttachmentKey(new string('c', 254), new string('i', 15))));
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
