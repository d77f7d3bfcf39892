using System.Text.Json.Serialization;
using Kn.Hosting.Modules;
using Kn.Hosting.Options;
using Kn.Primitives;

namespace Kn.Hosting.Tests;

public class ConfigFileTests
{
    private static readonly IReadOnlyList<ModuleEntry> Modules =
        [ModuleEntry.Of("sample", true, SampleJson.Default.SampleOptions, static _ => throw new NotSupportedException())];

    public static TheoryData<string, string> Faults => new()
    {
        { "nod: a", "kn.yaml:1:1: nod: is not an option; did you mean node?" },
        { "node: UPPER", "kn.yaml:1:1: node: 'UPPER' is not a node name: lower-case letters, digits, '-' and '.'" },
        { "node: [a]", "kn.yaml:1:7: node: must be text" },
        { "sample:\n  prefixes: [10.0.0.0/8, x]", "kn.yaml:2:26: sample.prefixes[1]: 'x' is not a prefix such as 10.0.0.0/8" },
        { "sample:\n  prefixes: 10.0.0.0/8", "kn.yaml:2:13: sample.prefixes: must be a list, such as [a, b]" },
        { "sample:\n  wait: fast", "kn.yaml:2:9: sample.wait: 'fast' is not a duration such as 30s, 5m or 1h30m" },
        { "sample:\n  wait: 0s", "kn.yaml:2:9: sample.wait: must be longer than zero" },
        { "sample:\n  port: 70000", "kn.yaml:2:9: sample.port: '70000' is not a whole number from 0 to 65535" },
        { "sample:\n  port: \"80\"", "kn.yaml:2:9: sample.port: '80' is not a whole number from 0 to 65535" },
        { "sample:\n  flag: yes", "kn.yaml:2:9: sample.flag: 'yes' is not true or false" },
        { "sample:\n  mode: slow", "kn.yaml:2:9: sample.mode: 'slow' is not one of plain, fastPath" },
        { "sample:\n  size: 1MB", "kn.yaml:2:9: sample.size: '1MB' is not a size such as 512, 64Ki or 16Mi" },
        { "sample:\n  address: 300.1.1.1", "kn.yaml:2:12: sample.address: '300.1.1.1' is not an IP address such as 10.0.0.1 or fd00::1" },
        { "sample:\n  enabled: maybe", "kn.yaml:2:12: sample.enabled: must be true or false" },
        { "sample:\n  prot: 1", "kn.yaml:2:3: sample.prot: is not an option; did you mean port?" },
        { "sample:\n  port: 1\n  port: 2", "kn.yaml:3:3: sample.port: is there twice; first in line 2" },
        { "sample: 5", "kn.yaml:1:9: sample: must be a section: keys with values, indented below it" },
        { "cluster:\n  podCIDRs: [10.244.0.0/99]", "kn.yaml:2:14: cluster.podCIDRs[0]: '10.244.0.0/99' is not a prefix such as 10.0.0.0/8" },
        { "paths:\n  run: run/kn", "kn.yaml:2:8: paths.run: 'run/kn' must be an absolute path" },
        { "listen:\n  http: x", "kn.yaml:2:9: listen.http: 'x' is not an address and port such as 127.0.0.1:10275 or [::]:10275, nor none" },
        { "log: &a {level: debug}", "kn.yaml:1:6: anchors and tags are not supported" },
        { "- a", "kn.yaml:1:1: must be keys with values" },
    };

    [Theory, MemberData(nameof(Faults))]
    public void Fault_IsToldWithItsPlace(string yaml, string expected)
    {
        var result = Parse(yaml);
        Assert.Null(result.Options);
        Assert.Equal([expected], result.Errors.Select(static error => error.ToString()));
    }

    [Fact]
    public void AllFaults_AreTold_InTheFilesOrder()
    {
        var result = Parse("node: A\nsample:\n  port: x\n  wait: y\nxyz: 1\n");
        Assert.Equal([1, 3, 4, 5], result.Errors.Select(static error => error.Line));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("sample:\n")]
    [InlineData("sample: {}\nlog: ~\ncluster: null")]
    public void AbsentAndEmptySections_GiveDefaults(string yaml)
    {
        var options = Assert.IsType<AgentOptions>(Parse(yaml).Options);
        Assert.Equal("n1", options.Node.Name);
        Assert.Equal("/run/kn/kn.sock", options.Node.Paths.Socket);
        Assert.Equal("127.0.0.1:10275", options.Listen.Http);
        Assert.Equal(new SampleOptions(), options.Modules[0].Options);
        Assert.True(options.Modules[0].Enabled);
    }

    [Fact]
    public void Values_AreRead_AndTheRestStaysDefault()
    {
        var options = Parse("""
            node: worker-1
            kubeconfig: /tmp/kubeconfig
            log: {level: debug, format: json}
            cluster:
              podCIDRs: [10.244.0.0/16, "fd00::/48"]
            sample:
              enabled: false
              wait: 1h30m
              prefixes: [192.168.0.0/16]
              size: 16Mi
              mode: fastPath
              inner: {name: "7"}
            """).Options!;
        Assert.Equal("worker-1", options.Node.Name);
        Assert.Equal(LogFormat.Json, options.Log.Format);
        Assert.Equal([IpPrefix.Parse("10.244.0.0/16"), IpPrefix.Parse("fd00::/48")], options.Node.Cluster.PodCidrs);
        Assert.False(options.Modules[0].Enabled);
        var expected = new SampleOptions
        {
            Wait = TimeSpan.FromMinutes(90),
            Prefixes = [IpPrefix.Parse("192.168.0.0/16")],
            Size = new ByteSize(16 << 20),
            Mode = SampleMode.FastPath,
            Inner = new SampleInner { Name = "7" },
        };
        Assert.Equal(expected, options.Modules[0].Options);
    }

    [Fact]
    public void EffectiveConfig_ReadsBackEqual()
    {
        var options = Parse("sample: {wait: 5s, mode: fastPath, enabled: false}\nlog: {level: error}").Options!;
        var again = Parse(EffectiveConfig.Write(options)).Options!;
        Assert.Equal(options.Modules[0], again.Modules[0]);
        Assert.Equal(options.Log, again.Log);
        Assert.Equal(options.Node, again.Node);
    }

    [Fact]
    public void TruncatedAndRandomText_IsAnErrorOrConfig_NeverAnException()
    {
        const string good = "node: worker-1\nlog: {level: debug}\nsample:\n  wait: \"1h\"\n  prefixes: [10.0.0.0/8]\n  inner:\n    name: |\n      x\n";
        const string marks = "\"'{}[]:,&*!|>%@`#-?\t\n\\\0\ud800 ~";
        var random = new Random(20261121);
        for (var length = 0; length <= good.Length; length++)
        {
            Parse(good[..length]);
            var noise = good.ToCharArray();
            for (var hit = 0; hit < 6; hit++)
            {
                noise[random.Next(noise.Length)] = marks[random.Next(marks.Length)];
            }

            Parse(new string(noise));
        }
    }

    [Fact]
    public void MissingFile_IsAFault() =>
        Assert.Equal("/nonexistent/kn.yaml: no such file", ConfigFile.Load("/nonexistent/kn.yaml", Modules, "n1").Errors[0].ToString());

    [Theory]
    [InlineData("30s", 30)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5s", 1.5)]
    [InlineData("250ms", 0.25)]
    [InlineData("0", 0)]
    public void Duration_Parses(string text, double seconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
        Assert.True(Duration.TryParse(Duration.Format(duration), out var again));
        Assert.Equal(duration, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("1m1h")]
    [InlineData("-1s")]
    [InlineData("1s1s")]
    [InlineData("99999999999999999999999999999d")]
    public void Duration_Refuses(string text) => Assert.False(Duration.TryParse(text, out _));

    private static ConfigResult Parse(string yaml) => ConfigFile.Parse("kn.yaml", yaml, Modules, "n1");
}

public sealed record SampleOptions : IModuleOptions
{
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(30);

    public ValueList<IpPrefix> Prefixes { get; init; } = [IpPrefix.Parse("10.0.0.0/8")];

    public ByteSize Size { get; init; } = new(1024);

    public ushort Port { get; init; } = 53;

    public bool Flag { get; init; } = true;

    public SampleMode Mode { get; init; }

    public IpAddress? Address { get; init; }

    public SampleInner Inner { get; init; } = new();

    public void Validate(OptionErrors errors) => errors.Require(Wait > TimeSpan.Zero, nameof(Wait), "must be longer than zero");
}

public sealed record SampleInner
{
    public string Name { get; init; } = "default";

    public int Count { get; init; } = 3;
}

public enum SampleMode
{
    Plain,
    FastPath,
}

[JsonSerializable(typeof(SampleOptions))]
internal sealed partial class SampleJson : JsonSerializerContext;
