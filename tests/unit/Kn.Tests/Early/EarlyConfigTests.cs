using System.Text;
using Kn.Cni;
using Kn.Early;
using Kn.Hosting.Options;

namespace Kn.Tests.Early;

public sealed class EarlyConfigTests
{
    private const string DefaultSocket = "/run/kn/kn.sock";

    [Theory]
    [InlineData("""{"cniVersion":"1.0.0","name":"kn","type":"kn"}""", "")]
    [InlineData("""{"socket":"/a/b.sock"}""", "/a/b.sock")]
    [InlineData(""" { "x" : [ { "socket" : "/no" } , "]" ] , "socket" : "/yes" , "y" : "\"socket\":\"/no\"" } """, "/yes")]
    [InlineData("""{"prevResult":{"interfaces":[{"socketPath":"/no"}],"s":"}"},"n":-1.5e3,"b":true,"z":null,"socket":"/yes"}""", "/yes")]
    [InlineData("""{"socket":"/first","socket":"/second"}""", "/second")]
    public void Socket_IsThatOfTheOutermostObject(string json, string expected)
    {
        Assert.True(EarlyConfig.TryFindSocket(Encoding.UTF8.GetBytes(json), out var socket));
        Assert.Equal(expected, Encoding.UTF8.GetString(socket));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("garbage")]
    [InlineData("""{"socket":"/a"} x""")]
    [InlineData("""{"socket":"/a\/b"}""")]
    [InlineData("""{"so\u0063ket":"/a"}""")]
    [InlineData("""{"socket":7}""")]
    [InlineData("""{"socket":""}""")]
    [InlineData("""{"socket":"/a","ipam":{"type":"host-local"}}""")]
    [InlineData("""{"name":"x","type":"y" """)]
    [InlineData("""{"name":"x""")]
    public void WhatIsNotSure_IsLeftToTheParser(string json) => Assert.False(EarlyConfig.TryFindSocket(Encoding.UTF8.GetBytes(json), out _));

    [Fact]
    public void DefaultSocket_IsTheOptions() => Assert.Equal(DefaultSocket, new PathOptions().Socket);

    [Fact]
    public void WhatItFinds_IsWhatTheParserFinds_InAnyMutation()
    {
        const int Seed = 20261121;
        var random = new Random(Seed);
        var good = Encoding.UTF8.GetBytes("""{"cniVersion":"1.1.0","name":"kn","type":"kn","prevResult":{"ips":[{"address":"10.0.0.1/32"}],"socket":"/no"},"socket":"/run/x","dns":{}}""");
        var agreed = 0;
        for (var round = 0; round < 20000; round++)
        {
            var bytes = good.ToArray();
            for (var count = random.Next(3); count > 0; count--)
            {
                bytes[random.Next(bytes.Length)] = """{}[]",:\ abcsocket/""" is var alphabet ? (byte)alphabet[random.Next(alphabet.Length)] : default;
            }

            // A text that is no JSON may be passed on: the agent refuses it. One that is must mean the same to both.
            if (EarlyConfig.TryFindSocket(bytes, out var early) && CniNetwork.TryRead(bytes, out var network, out _))
            {
                agreed++;
                Assert.Equal(network.Socket, early.IsEmpty ? DefaultSocket : Encoding.UTF8.GetString(early));
            }
        }

        Assert.True(agreed > 1000, $"only {agreed} of the mutations were read by both");
    }
}
