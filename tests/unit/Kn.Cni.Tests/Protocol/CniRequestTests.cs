using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Kn.Cni.Protocol;
using Kn.Hosting.Control;
using Kn.Kubernetes.Objects;

namespace Kn.Cni.Tests.Protocol;

public sealed class CniRequestTests
{
    private const string Config = """{"cniVersion":"1.1.0","name":"kn","type":"kn"}""";

    public sealed record FaultCase(string Name, int Code, string Mentions, string Body = Config)
    {
        public (string Key, string? Value)[] Environment { get; init; } = [];

        public override string ToString() => Name;
    }

    public static TheoryData<FaultCase> Faults() => new()
    {
        new FaultCase("no command", 4, "CNI_COMMAND") { Environment = [("CNI_COMMAND", null)] },
        new FaultCase("unknown command", 4, "CNI_COMMAND") { Environment = [("CNI_COMMAND", "add")] },
        new FaultCase("no container", 4, "CNI_CONTAINERID") { Environment = [("CNI_CONTAINERID", null)] },
        new FaultCase("container begins with a dot", 4, "CNI_CONTAINERID") { Environment = [("CNI_CONTAINERID", ".c")] },
        new FaultCase("container with a path", 4, "CNI_CONTAINERID") { Environment = [("CNI_CONTAINERID", "a/../b")] },
        new FaultCase("container with a line feed", 4, "CNI_CONTAINERID") { Environment = [("CNI_CONTAINERID", "a\nb")] },
        new FaultCase("container too long", 4, "CNI_CONTAINERID") { Environment = [("CNI_CONTAINERID", new string('a', 256))] },
        new FaultCase("no interface", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", null)] },
        new FaultCase("interface too long", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", new string('e', 16))] },
        new FaultCase("interface too long in bytes", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", new string('é', 8))] },
        new FaultCase("interface with a slash", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", "../x")] },
        new FaultCase("interface with a colon", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", "e:0")] },
        new FaultCase("interface with white space", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", "e 0")] },
        new FaultCase("interface with a template", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", "eth%d")] },
        new FaultCase("interface with a zero byte", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", "e\0")] },
        new FaultCase("interface is dot", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", ".")] },
        new FaultCase("interface is two dots", 4, "CNI_IFNAME") { Environment = [("CNI_IFNAME", "..")] },
        new FaultCase("no namespace", 4, "CNI_NETNS") { Environment = [("CNI_NETNS", null)] },
        new FaultCase("relative namespace", 4, "CNI_NETNS") { Environment = [("CNI_NETNS", "run/x")] },
        new FaultCase("no namespace in CHECK", 4, "CNI_NETNS") { Environment = [("CNI_COMMAND", "CHECK"), ("CNI_NETNS", "")] },
        new FaultCase("arguments without a value", 4, "CNI_ARGS") { Environment = [("CNI_ARGS", "IgnoreUnknown=1;x")] },
        new FaultCase("unknown argument", 4, "'COLOUR'") { Environment = [("CNI_ARGS", "COLOUR=red")] },
        new FaultCase("pod name with a path", 4, "K8S_POD_NAME") { Environment = [("CNI_ARGS", "K8S_POD_NAME=../x")] },
        new FaultCase("empty configuration", 6, "not valid JSON", ""),
        new FaultCase("truncated configuration", 6, "not valid JSON", Config[..^1]),
        new FaultCase("a list", 6, "not a JSON object", "[]"),
        new FaultCase("not UTF-8", 6, "not valid Unicode", "{\"cniVersion\":\"\uDC00\"}"),
        new FaultCase("half a surrogate pair", 6, "Unicode", """{"cniVersion":"\uDC00"}"""),
        new FaultCase("version is a number", 6, "cniVersion", """{"name":"kn","cniVersion":1}"""),
        new FaultCase("old version", 1, "0.0.1", """{"name":"kn","cniVersion":"0.0.1"}"""),
        new FaultCase("future version", 1, "9.0.0", """{"name":"kn","cniVersion":"9.0.0"}"""),
        new FaultCase("CHECK before 0.4.0", 1, "CHECK", """{"name":"kn","cniVersion":"0.3.1"}""") { Environment = [("CNI_COMMAND", "CHECK")] },
        new FaultCase("GC before 1.1.0", 1, "GC", """{"name":"kn","cniVersion":"1.0.0"}""") { Environment = [("CNI_COMMAND", "GC")] },
        new FaultCase("STATUS before 1.1.0", 1, "STATUS", """{"name":"kn","cniVersion":"1.0.0"}""") { Environment = [("CNI_COMMAND", "STATUS")] },
        new FaultCase("no name", 7, "name", """{"cniVersion":"1.1.0"}"""),
        new FaultCase("bad name", 7, "name", """{"cniVersion":"1.1.0","name":"-x"}"""),
        new FaultCase("ipam without a type", 2, "ipam", """{"cniVersion":"1.1.0","name":"kn","ipam":{"subnet":"10.0.0.0/8"}}"""),
        new FaultCase("another ipam plugin", 2, "'dhcp'", """{"cniVersion":"1.1.0","name":"kn","ipam":{"type":"dhcp"}}"""),
        new FaultCase("mtu too small", 7, "mtu", """{"cniVersion":"1.1.0","name":"kn","mtu":500}"""),
        new FaultCase("mtu is text", 7, "mtu", """{"cniVersion":"1.1.0","name":"kn","mtu":"1500"}"""),
        new FaultCase("dns is text", 7, "dns", """{"cniVersion":"1.1.0","name":"kn","dns":"x"}"""),
        new FaultCase("prevResult is a list", 7, "prevResult", """{"cniVersion":"1.1.0","name":"kn","prevResult":[]}"""),
        new FaultCase("prevResult address", 7, "ips[].address", """{"cniVersion":"1.1.0","name":"kn","prevResult":{"ips":[{"address":"10.0.0.1"}]}}"""),
        new FaultCase("prevResult index", 7, "ips[].interface", """{"cniVersion":"1.1.0","name":"kn","prevResult":{"ips":[{"address":"10.0.0.1/24","interface":0}]}}"""),
        new FaultCase("prevResult route", 7, "routes[].dst", """{"cniVersion":"1.1.0","name":"kn","prevResult":{"routes":[{}]}}"""),
        new FaultCase("prevResult interfaces of numbers", 7, "interfaces", """{"cniVersion":"1.1.0","name":"kn","prevResult":{"interfaces":[1]}}"""),
        new FaultCase("GC without a list", 7, "valid-attachments") { Environment = [("CNI_COMMAND", "GC")] },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    [Conformance("cni", "Errors")]
    public void Fault_IsNamedWithItsCode(FaultCase fault)
    {
        var error = Assert.Throws<CniException>(() => CniRequest.Read(Call(fault.Body, fault.Environment)));
        Assert.Equal(fault.Code, (int)error.Code);
        Assert.Contains(fault.Mentions, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Conformance("cni", "Errors")]
    public void Error_IsAnsweredInTheVersionOfTheCall()
    {
        var error = Assert.Throws<CniException>(() => CniRequest.Read(Call("""{"cniVersion":"0.4.0","name":"kn"}""", ("CNI_IFNAME", "a b"))));
        Assert.Equal(CniVersion.V040, CniRequest.VersionOf(error));
    }

    [Fact]
    [Conformance("cni", "Parameters")]
    public void Add_IsReadWhole()
    {
        const string body = """{"cniVersion":"0.4.0","name":"net.1","type":"kn","mtu":1400,"unknown":{"a":[1]},"ipam":{},"dns":{"nameservers":["1.2.3.4"]},"prevResult":null}""";
        var request = CniRequest.Read(Call(body, ("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=c;K8S_POD_UID=u-1;X=Y")));
        Assert.Equal(CniCommand.Add, request.Command);
        Assert.Equal(new AttachmentKey("c1", "eth0"), request.Key);
        Assert.Equal("/run/netns/p", request.NamespacePath);
        Assert.Equal(new ObjectKey("ns", "web-0"), request.Arguments.Pod);
        Assert.Equal("u-1", request.Arguments.PodUid);
        Assert.Equal(1400u, request.Config.Mtu);
        Assert.Equal("net.1", request.Config.Name);
        Assert.Equal(CniVersion.V040, request.Config.Version);
        Assert.Equal(["1.2.3.4"], request.Config.Dns!.Nameservers);
        Assert.Null(request.Config.PreviousResult);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not absolute")]
    [Conformance("cni", "DEL")]
    public void Del_NeedsNoNamespaceAndNoGoodArguments(string? path)
    {
        var request = CniRequest.Read(Call(Config, ("CNI_COMMAND", "DEL"), ("CNI_NETNS", path), ("CNI_ARGS", "???")));
        Assert.Equal("", request.NamespacePath);
        Assert.Equal(new AttachmentKey("c1", "eth0"), request.Key);
    }

    [Fact]
    [Conformance("cni", "DEL")]
    public void Del_IgnoresABrokenPreviousResult() =>
        Assert.Null(CniRequest.Read(Call("""{"cniVersion":"1.1.0","name":"kn","prevResult":7}""", ("CNI_COMMAND", "DEL"))).Config.PreviousResult);

    [Fact]
    [Conformance("cni", "GC")]
    public void Gc_ReadsWhatIsToStay()
    {
        var request = CniRequest.Read(Call(
            """{"cniVersion":"1.1.0","name":"kn","cni.dev/valid-attachments":[{"containerID":"c1","ifname":"eth0"}]}""",
            ("CNI_COMMAND", "GC")));
        Assert.Equal([new AttachmentKey("c1", "eth0")], request.Config.ValidAttachments!);
    }

    [Fact]
    public void TruncatedConfiguration_IsAlwaysACniError()
    {
        var whole = Encoding.UTF8.GetBytes("""{"cniVersion":"1.1.0","name":"kn","mtu":1500,"prevResult":{"interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/n"}],"ips":[{"address":"10.0.0.1/32","interface":0}],"routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1"}],"dns":{}}}""");
        for (var length = 0; length < whole.Length; length++)
        {
            var call = new ControlRequest("cni", Environment(), whole.AsMemory(0, length));
            Assert.Equal(CniErrorCode.UndecodableContent, Assert.Throws<CniException>(() => CniRequest.Read(call)).Code);
        }
    }

    [Fact]
    public void RandomBytes_AreAlwaysACniErrorOrARequest() =>
        Check.One(
            FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2000),
            Prop.ForAll<byte[], string, string>(static (body, container, name) => IsRequestOrError(body, container ?? "", name ?? "")));

    [Fact]
    public void FlippedBytes_AreAlwaysACniErrorOrARequest()
    {
        var whole = Encoding.UTF8.GetBytes(Config[..^1] + ""","prevResult":{"interfaces":[{"name":"e"}],"ips":[{"address":"fd00::1/64","interface":0}]}}""");
        for (var position = 0; position < whole.Length; position++)
        {
            foreach (var value in (byte[])[0, (byte)'"', (byte)'[', (byte)'-', 0x7F, 0x80, 0xFF])
            {
                var changed = whole.ToArray();
                changed[position] = value;
                Assert.True(IsRequestOrError(changed, "c1", "eth0"));
            }
        }
    }

    private static bool IsRequestOrError(byte[]? body, string container, string name)
    {
        var environment = Environment();
        environment["CNI_CONTAINERID"] = container;
        environment["CNI_IFNAME"] = name;
        environment["CNI_ARGS"] = container;
        try
        {
            var request = CniRequest.Read(new ControlRequest("cni", environment, body));
            return CniNames.IsContainerId(request.Key.ContainerId) && CniNames.IsInterfaceName(request.Key.InterfaceName);
        }
        catch (CniException error)
        {
            return CniResultWriter.WriteError(error, CniRequest.VersionOf(error)).Length > 0;
        }
    }

    private static ControlRequest Call(string body, params (string Key, string? Value)[] changes)
    {
        var environment = Environment();
        foreach (var (key, value) in changes)
        {
            environment.Remove(key);
            if (value is not null)
            {
                environment[key] = value;
            }
        }

        // Latin-1 keeps a lone surrogate's replacement from becoming valid UTF-8.
        var bytes = body.Any(char.IsSurrogate) ? Encoding.Latin1.GetBytes(body.Replace('\uDC00', '\u00FF')) : Encoding.UTF8.GetBytes(body);
        return new ControlRequest("cni", environment, bytes);
    }

    private static Dictionary<string, string> Environment() => new()
    {
        ["CNI_COMMAND"] = "ADD",
        ["CNI_CONTAINERID"] = "c1",
        ["CNI_NETNS"] = "/run/netns/p",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_PATH"] = "/opt/cni/bin",
    };
}
