using System.Text;
using System.Text.Json;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Tests.Protocol;

public sealed class CniResultWriterTests
{
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly CniResult Full = new()
    {
        Interfaces =
        [
            new CniInterface("kn00", "ee:ee:ee:ee:ee:ee", 1450),
            new CniInterface("eth0", "02:00:00:00:00:01", 1450, "/run/netns/p", "/run/s", "0000:00:1f.6"),
        ],
        Addresses =
        [
            new CniAddress(IpAddress.Parse("10.244.1.5"), 32, IpAddress.Parse("169.254.1.1"), 1),
            new CniAddress(IpAddress.Parse("fd00:1::5"), 128, IpAddress.Parse("fe80::1"), 1),
        ],
        Routes =
        [
            new CniRoute(IpPrefix.Parse("0.0.0.0/0"), IpAddress.Parse("169.254.1.1")) { Mtu = 1400, AdvertisedMss = 1360, Priority = 7, Table = 254, Scope = 0 },
            new CniRoute(IpPrefix.Parse("::/0"), IpAddress.Parse("fe80::1")),
        ],
        Dns = new CniDns { Nameservers = ["10.96.0.10"], Domain = "d", Search = ["svc"], Options = ["ndots:5"] },
    };

    /// <summary>The golden answers: one a version.</summary>
    public static TheoryData<string, string> Golden()
    {
        const string dns = """ "dns":{"nameservers":["10.96.0.10"],"domain":"d","search":["svc"],"options":["ndots:5"]}} """;
        const string links = """ "interfaces":[{"name":"kn00","mac":"ee:ee:ee:ee:ee:ee"},{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/run/netns/p"}], """;
        const string routes = """ "routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1"},{"dst":"::/0","gw":"fe80::1"}], """;
        const string versionedIps = """ "ips":[{"version":"4","interface":1,"address":"10.244.1.5/32","gateway":"169.254.1.1"},{"version":"6","interface":1,"address":"fd00:1::5/128","gateway":"fe80::1"}], """;
        const string ips = """ "ips":[{"interface":1,"address":"10.244.1.5/32","gateway":"169.254.1.1"},{"interface":1,"address":"fd00:1::5/128","gateway":"fe80::1"}], """;
        const string oldest = """ "ip4":{"ip":"10.244.1.5/32","gateway":"169.254.1.1","routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1"}]},"ip6":{"ip":"fd00:1::5/128","gateway":"fe80::1","routes":[{"dst":"::/0","gw":"fe80::1"}]}, """;
        return new TheoryData<string, string>
        {
            { "0.1.0", """{"cniVersion":"0.1.0",""" + oldest + dns },
            { "0.2.0", """{"cniVersion":"0.2.0",""" + oldest + dns },
            { "0.3.0", """{"cniVersion":"0.3.0",""" + links + versionedIps + routes + dns },
            { "0.3.1", """{"cniVersion":"0.3.1",""" + links + versionedIps + routes + dns },
            { "0.4.0", """{"cniVersion":"0.4.0",""" + links + versionedIps + routes + dns },
            { "1.0.0", """{"cniVersion":"1.0.0",""" + links + ips + routes + dns },
            {
                "1.1.0",
                """{"cniVersion":"1.1.0","interfaces":[{"name":"kn00","mac":"ee:ee:ee:ee:ee:ee","mtu":1450},{"name":"eth0","mac":"02:00:00:00:00:01","mtu":1450,"socketPath":"/run/s","pciID":"0000:00:1f.6","sandbox":"/run/netns/p"}],"""
                + ips
                + """ "routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1","mtu":1400,"advmss":1360,"priority":7,"table":254,"scope":0},{"dst":"::/0","gw":"fe80::1"}],"""
                + dns
            },
        };
    }

    [Theory]
    [MemberData(nameof(Golden))]
    [Conformance("cni", "Result")]
    public void Result_HasTheShapeOfItsVersion(string version, string expected)
    {
        Assert.True(CniVersions.TryParse(version, out var parsed));
        Assert.Equal(Compact(expected), Compact(Encoding.UTF8.GetString(CniResultWriter.Write(Full, parsed))));
    }

    [Fact]
    public void EveryVersion_HasAGoldenRow() =>
        Assert.Equal(CniVersions.Supported, Golden().Select(static row => (string)((object[])row)[0]));

    [Fact]
    public void ResultOf110_ReadsBackAsWritten()
    {
        using var document = JsonDocument.Parse(CniResultWriter.Write(Full, CniVersion.V110));
        Assert.Equal(Full, CniResultReader.Read(document.RootElement));
    }

    [Theory]
    [MemberData(nameof(Golden))]
    public void ResultOfAnyVersion_ReadsBackToTheSameText(string version, string expected)
    {
        Assert.True(CniVersions.TryParse(version, out var parsed));
        using var document = JsonDocument.Parse(expected);
        var read = CniResultReader.Read(document.RootElement);
        Assert.Equal(Compact(expected), Compact(Encoding.UTF8.GetString(CniResultWriter.Write(read, parsed))));
    }

    [Fact]
    [Conformance("cni", "Errors")]
    public void Error_HasVersionCodeMessageAndDetails()
    {
        var text = CniResultWriter.WriteError(new CniException(CniErrorCode.TryAgainLater, "not \"yet\"", "why"), CniVersion.V040);
        Assert.Equal("""{"cniVersion":"0.4.0","code":11,"msg":"not \"yet\"","details":"why"}""", Compact(Encoding.UTF8.GetString(text)));
    }

    [Fact]
    [Conformance("cni", "VERSION")]
    public void Versions_AreAllNamed() => Assert.Equal(
        """{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}""",
        Compact(Encoding.UTF8.GetString(CniResultWriter.WriteVersions())));

    [Fact]
    public void Append_MovesInterfaceIndexes()
    {
        var earlier = new CniResult { Interfaces = [new CniInterface("x")], Addresses = [new CniAddress(IpAddress.Parse("192.0.2.1"), 24, null, 0)], Dns = new CniDns { Domain = "old" } };
        var all = earlier.Append(Full with { Dns = null });
        Assert.Equal(["x", "kn00", "eth0"], all.Interfaces.Select(static link => link.Name));
        Assert.Equal([0, 2, 2], all.Addresses.Select(static address => address.Interface ?? -1));
        Assert.Equal("old", all.Dns?.Domain);
    }

    private static string Compact(string json)
    {
        using var document = JsonDocument.Parse(json);
        return JsonSerializer.Serialize(document.RootElement, OneLine);
    }
}
