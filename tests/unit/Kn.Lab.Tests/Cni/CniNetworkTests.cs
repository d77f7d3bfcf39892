using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.Cni;

namespace Kn.Lab.Tests.Cni;

public sealed class CniNetworkTests
{
    private const string List =
        """{"cniVersion":"1.1.0","name":"net","plugins":[{"type":"a","capabilities":{"portMappings":true,"mac":false}},{"type":"b"}]}""";

    private static readonly Dictionary<string, JsonNode> Runtime = new(StringComparer.Ordinal)
    {
        ["portMappings"] = new JsonArray(new JsonObject { ["hostPort"] = 80 }),
        ["mac"] = "00:11:22:33:44:55",
    };

    [Fact]
    public void Input_CarriesNameVersionAndTheDeclaredCapabilitiesOnly()
    {
        var network = CniNetwork.Parse(List, "10.conflist");
        var input = network.InputFor(network.Plugins[0], null, Runtime);
        Assert.Equal(
            """{"type":"a","name":"net","cniVersion":"1.1.0","runtimeConfig":{"portMappings":[{"hostPort":80}]}}""", input.ToJsonString());
    }

    [Fact]
    public void Input_OfALaterPlugin_CarriesThePreviousResult()
    {
        var network = CniNetwork.Parse(List, "10.conflist");
        var input = network.InputFor(network.Plugins[1], new JsonObject { ["ips"] = new JsonArray() }, Runtime);
        Assert.Equal("""{"type":"b","name":"net","cniVersion":"1.1.0","prevResult":{"ips":[]}}""", input.ToJsonString());
    }

    [Fact]
    public void ASinglePluginsFile_IsAChainOfOne() =>
        Assert.Equal("bridge", Assert.Single(CniNetwork.Parse("""{"name":"x","type":"bridge"}""", "10.conf").Plugins).Text("type"));

    [Theory]
    [InlineData("", "10.conflist")]
    [InlineData("[]", "10.conflist")]
    [InlineData("""{"plugins":[{"type":"a"}]}""", "10.conflist")]
    [InlineData("""{"name":"x","plugins":[]}""", "10.conflist")]
    [InlineData("""{"name":"x","plugins":[{}]}""", "10.conflist")]
    [InlineData("""{"name":"x"}""", "10.conf")]
    public void WhatIsNoNetwork_IsRefusedWithItsFile(string text, string path) =>
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => CniNetwork.Parse(text, path)).Message, StringComparison.Ordinal);

    [Fact]
    public void First_IsByNameAmongTheKnownExtensions()
    {
        var folder = Directory.CreateTempSubdirectory("kn-lab-cni");
        try
        {
            Assert.Null(CniNetwork.FindFirst(Path.Combine(folder.FullName, "missing")));
            Assert.Null(CniNetwork.FindFirst(folder.FullName));
            File.WriteAllText(Path.Combine(folder.FullName, "00-notes.txt"), "no");
            File.WriteAllText(Path.Combine(folder.FullName, "20-b.conflist"), List.Replace("net", "second", StringComparison.Ordinal));
            File.WriteAllText(Path.Combine(folder.FullName, "10-a.conflist"), List);
            Assert.Equal("net", CniNetwork.FindFirst(folder.FullName)?.Name);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Addresses_AreThoseInsideTheSandbox_InOrder()
    {
        var result = JsonNode.Parse(
            """
            {"interfaces":[{"name":"br"},{"name":"eth0","sandbox":"/run/netns/x"}],
             "ips":[{"address":"10.0.0.1/24","interface":0},{"address":"10.0.0.9/24","interface":1},{"address":"fd00::9/64","interface":1},{"address":"10.9.9.9/32"}]}
            """)!.AsObject();
        Assert.Equal(["10.0.0.9", "fd00::9", "10.9.9.9"], CniResult.Addresses(result).Select(static address => address.ToString()));
    }
}
