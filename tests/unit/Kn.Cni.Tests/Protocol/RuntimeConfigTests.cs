using System.Text;
using Kn.Cni.Protocol;
using Kn.Hosting.Control;
using Kn.Linux.Nftables;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Tests.Protocol;

public sealed class RuntimeConfigTests
{
    public sealed record FaultCase(string Name, string Mentions, string RuntimeConfig)
    {
        public override string ToString() => Name;
    }

    public static TheoryData<FaultCase> Faults() => new()
    {
        new FaultCase("a list", "runtimeConfig:", "[]"),
        new FaultCase("portMappings is an object", "runtimeConfig.portMappings:", """{"portMappings":{}}"""),
        new FaultCase("portMappings of numbers", "runtimeConfig.portMappings:", """{"portMappings":[80]}"""),
        new FaultCase("no containerPort", "runtimeConfig.portMappings[0].containerPort:", """{"portMappings":[{"hostPort":80}]}"""),
        new FaultCase("containerPort 0", "runtimeConfig.portMappings[0].containerPort:", """{"portMappings":[{"hostPort":80,"containerPort":0}]}"""),
        new FaultCase("containerPort too large", "runtimeConfig.portMappings[0].containerPort:", """{"portMappings":[{"hostPort":80,"containerPort":65536}]}"""),
        new FaultCase("hostPort too large", "runtimeConfig.portMappings[1].hostPort:", """{"portMappings":[{"hostPort":1,"containerPort":1},{"hostPort":65536,"containerPort":80}]}"""),
        new FaultCase("hostPort negative", "runtimeConfig.portMappings[0].hostPort:", """{"portMappings":[{"hostPort":-1,"containerPort":80}]}"""),
        new FaultCase("hostPort is text", "runtimeConfig.portMappings[0].hostPort:", """{"portMappings":[{"hostPort":"80","containerPort":80}]}"""),
        new FaultCase("hostPort is a fraction", "runtimeConfig.portMappings[0].hostPort:", """{"portMappings":[{"hostPort":80.5,"containerPort":80}]}"""),
        new FaultCase("unknown protocol", "runtimeConfig.portMappings[0].protocol:", """{"portMappings":[{"hostPort":80,"containerPort":80,"protocol":"dccp"}]}"""),
        new FaultCase("protocol is a number", "runtimeConfig.portMappings[0].protocol:", """{"portMappings":[{"hostPort":80,"containerPort":80,"protocol":6}]}"""),
        new FaultCase("hostIP is a name", "runtimeConfig.portMappings[0].hostIP:", """{"portMappings":[{"hostPort":80,"containerPort":80,"hostIP":"node-1"}]}"""),
        new FaultCase("one hostPort twice", "*:80/tcp -> 81", """{"portMappings":[{"hostPort":80,"containerPort":80},{"hostPort":80,"containerPort":81}]}"""),
        new FaultCase("one hostPort twice, once of all addresses", "10.0.0.1:80/tcp -> 81", """{"portMappings":[{"hostPort":80,"containerPort":80},{"hostPort":80,"containerPort":81,"hostIP":"10.0.0.1"}]}"""),
        new FaultCase("bandwidth is a list", "runtimeConfig.bandwidth:", """{"bandwidth":[]}"""),
        new FaultCase("rate is text", "runtimeConfig.bandwidth.ingressRate:", """{"bandwidth":{"ingressRate":"1M"}}"""),
        new FaultCase("rate below 1k", "runtimeConfig.bandwidth.egressRate:", """{"bandwidth":{"egressRate":999,"egressBurst":1}}"""),
        new FaultCase("rate above 1P", "runtimeConfig.bandwidth.egressRate:", """{"bandwidth":{"egressRate":1000000000000001}}"""),
        new FaultCase("burst without a rate", "runtimeConfig.bandwidth.ingressBurst:", """{"bandwidth":{"ingressBurst":1000}}"""),
        new FaultCase("ips is text", "runtimeConfig.ips:", """{"ips":"10.0.0.1"}"""),
        new FaultCase("ips of a name", "runtimeConfig.ips[1]:", """{"ips":["10.0.0.1","x"]}"""),
        new FaultCase("ips with a bad mask", "runtimeConfig.ips[0]:", """{"ips":["10.0.0.1/33"]}"""),
        new FaultCase("ips of nothing but zeros", "runtimeConfig.ips[0]:", """{"ips":["::/0"]}"""),
        new FaultCase("mac too short", "runtimeConfig.mac:", """{"mac":"02:00:00:00:00"}"""),
        new FaultCase("mac of a group", "runtimeConfig.mac:", """{"mac":"01:00:5e:00:00:01"}"""),
        new FaultCase("mac of zeros", "runtimeConfig.mac:", """{"mac":"00:00:00:00:00:00"}"""),
        new FaultCase("mac is a number", "runtimeConfig.mac:", """{"mac":2}"""),
        new FaultCase("dns is a list", "runtimeConfig.dns:", """{"dns":[]}"""),
        new FaultCase("dns servers is text", "runtimeConfig.dns.servers:", """{"dns":{"servers":"10.0.0.1"}}"""),
        new FaultCase("ipRanges is an object", "runtimeConfig.ipRanges:", """{"ipRanges":{}}"""),
        new FaultCase("ipRanges is flat", "runtimeConfig.ipRanges[0]:", """{"ipRanges":[{"subnet":"10.0.0.0/24"}]}"""),
        new FaultCase("ipRanges with an empty set", "runtimeConfig.ipRanges[0]:", """{"ipRanges":[[]]}"""),
        new FaultCase("range without a subnet", "runtimeConfig.ipRanges[0][0].subnet:", """{"ipRanges":[[{}]]}"""),
        new FaultCase("range start outside", "runtimeConfig.ipRanges[0][0].rangeStart:", """{"ipRanges":[[{"subnet":"10.0.0.0/24","rangeStart":"10.0.1.1"}]]}"""),
        new FaultCase("range backwards", "runtimeConfig.ipRanges[0][0].rangeEnd:", """{"ipRanges":[[{"subnet":"10.0.0.0/24","rangeStart":"10.0.0.9","rangeEnd":"10.0.0.8"}]]}"""),
        new FaultCase("set of two families", "runtimeConfig.ipRanges[0]:", """{"ipRanges":[[{"subnet":"10.0.0.0/24"},{"subnet":"fd00::/64"}]]}"""),
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Fault_IsNamedByItsMember(FaultCase fault)
    {
        var error = Assert.Throws<CniException>(() => Read(fault.RuntimeConfig));
        Assert.Equal(CniErrorCode.InvalidConfig, error.Code);
        Assert.Contains(fault.Mentions, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("cni", "Capabilities")]
    public void EveryCapability_IsRead()
    {
        var read = Read("""
            {"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":""},{"hostPort":53,"containerPort":5353,"protocol":"UDP","hostIP":"fd00::1"},
              {"hostPort":8080,"containerPort":81,"protocol":"sctp"},{"hostPort":0,"containerPort":82},{"hostPort":8080,"containerPort":80}],
             "bandwidth":{"ingressRate":1000000,"ingressBurst":8000,"egressRate":2000000,"egressBurst":4294967295},
             "ips":["10.244.1.7/24","fd00::7"],"mac":"02:11:22:33:44:55",
             "dns":{"servers":["10.96.0.10"],"searches":["a.b"],"options":["ndots:5"]},
             "ipRanges":[[{"subnet":"10.1.2.0/24","rangeStart":"10.1.2.3","rangeEnd":"10.1.2.99","gateway":"10.1.2.254"}],[{"subnet":"fd00::/64"}]],
             "deviceID":"0000:04:00.5"}
            """);
        Assert.Equal(
            [new PortMapping(8080, 80, IpProtocol.Tcp), new PortMapping(53, 5353, IpProtocol.Udp, IpAddress.Parse("fd00::1")), new PortMapping(8080, 81, IpProtocol.Sctp)],
            read.PortMappings);
        Assert.Equal(new BandwidthLimits(new RateLimit(1_000_000, 8000), new RateLimit(2_000_000)), read.Bandwidth);
        Assert.Equal([IpAddress.Parse("10.244.1.7"), IpAddress.Parse("fd00::7")], read.Ips);
        Assert.Equal(MacAddress.Parse("02:11:22:33:44:55"), read.Mac);
        Assert.Equal(new CniDns { Nameservers = ["10.96.0.10"], Search = ["a.b"], Options = ["ndots:5"] }, read.Dns);
        Assert.Equal(
            new AddressRange(IpPrefix.Parse("10.1.2.0/24"), IpAddress.Parse("10.1.2.3"), IpAddress.Parse("10.1.2.99"), IpAddress.Parse("10.1.2.254")),
            read.IpRanges[0][0]);
        Assert.Equal(new AddressRange(IpPrefix.Parse("fd00::/64")), read.IpRanges[1][0]);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"portMappings":null,"bandwidth":null,"ips":null,"mac":null,"dns":null,"ipRanges":null}""")]
    [InlineData("""{"portMappings":[],"bandwidth":{},"ips":[],"mac":"","dns":{},"ipRanges":[]}""")]
    [InlineData("""{"portMappings":[{"hostPort":0,"containerPort":80}],"bandwidth":{"ingressRate":0,"ingressBurst":0}}""")]
    public void NothingAskedFor_IsNone(string runtimeConfig) => Assert.Equal(RuntimeConfig.None, Read(runtimeConfig));

    [Theory]
    [InlineData("DEL")]
    [InlineData("GC")]
    [InlineData("STATUS")]
    public void CommandsThatMustNotFailForIt_IgnoreIt(string command) =>
        Assert.Equal(RuntimeConfig.None, Call("""{"portMappings":7},"cni.dev/valid-attachments":[]""", command: command).Config.RuntimeConfig);

    [Fact]
    [Conformance("cni", "Parameters")]
    public void AddressesAndMac_ComeFromThreePlaces()
    {
        var arguments = "IP=10.0.0.3,10.0.0.1/24;MAC=02:00:00:00:00:03";
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:03"), Call("{}", arguments).RequestedMac);
        var request = Call("""{"ips":["10.0.0.2/24"],"mac":"02:00:00:00:00:02"},"args":{"cni":{"ips":["10.0.0.1"],"mac":"02:00:00:00:00:01"}}""", arguments);
        Assert.Equal([IpAddress.Parse("10.0.0.1"), IpAddress.Parse("10.0.0.2"), IpAddress.Parse("10.0.0.3")], request.RequestedIps);
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:02"), request.RequestedMac);
    }

    [Theory]
    [InlineData("IP=10.0.0", "IP")]
    [InlineData("MAC=02", "MAC")]
    [InlineData("MAC=ff:ff:ff:ff:ff:ff", "MAC")]
    public void BadArgument_IsCode4(string arguments, string mentions)
    {
        var error = Assert.Throws<CniException>(() => Call("{}", arguments));
        Assert.Equal(CniErrorCode.InvalidEnvironment, error.Code);
        Assert.Contains(mentions, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Capability_TakesThePlaceOfTheConfigurationsDns()
    {
        Assert.Equal(["1.1.1.1"], Call("""{},"dns":{"nameservers":["1.1.1.1"]}""").Dns!.Nameservers);
        Assert.Equal(["2.2.2.2"], Call("""{"dns":{"servers":["2.2.2.2"]}},"dns":{"nameservers":["1.1.1.1"]}""").Dns!.Nameservers);
    }

    public static TheoryData<string?, string?, bool> Overlaps() => new()
    {
        { null, null, true },
        { null, "10.0.0.1", true },
        { null, "fd00::1", true },
        { "10.0.0.1", "10.0.0.1", true },
        { "10.0.0.1", "10.0.0.2", false },
        { "10.0.0.1", "0.0.0.0", true },
        { "10.0.0.1", "::", false },
        { "0.0.0.0", "::", false },
        { "::", "fd00::1", true },
    };

    [Theory]
    [MemberData(nameof(Overlaps))]
    public void Mappings_OverlapWhereAPacketCouldBeForBoth(string? first, string? second, bool overlap)
    {
        var one = new PortMapping(80, 1, IpProtocol.Tcp, first is null ? null : IpAddress.Parse(first));
        var other = new PortMapping(80, 2, IpProtocol.Tcp, second is null ? null : IpAddress.Parse(second));
        Assert.Equal(overlap, one.Overlaps(other));
        Assert.Equal(overlap, other.Overlaps(one));
        Assert.False(one.Overlaps(other with { Protocol = IpProtocol.Udp }));
        Assert.False(one.Overlaps(other with { HostPort = 81 }));
    }

    private static RuntimeConfig Read(string runtimeConfig) => Call(runtimeConfig).Config.RuntimeConfig;

    private static CniRequest Call(string runtimeConfig, string arguments = "", string command = "ADD")
    {
        // The text may go on with other members of the configuration.
        var body = $$"""{"cniVersion":"1.1.0","name":"kn","runtimeConfig":{{runtimeConfig}}}""";
        var environment = new Dictionary<string, string>
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = "c1",
            ["CNI_NETNS"] = "/run/netns/p",
            ["CNI_IFNAME"] = "eth0",
            ["CNI_ARGS"] = arguments,
        };
        return CniRequest.Read(new ControlRequest("cni", environment, Encoding.UTF8.GetBytes(body)));
    }
}
