using System.Net;
using Kn.Dns.Forwarding;
using Kn.Dns.Forwarding.Upstreams;
using Kn.Hosting.Options;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>Whom to ask, as the config and resolv.conf have it.</summary>
public sealed class UpstreamConfigTests
{
    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1:53")]
    [InlineData("192.0.2.1:5353", "192.0.2.1:5353")]
    [InlineData("2001:db8::1", "[2001:db8::1]:53")]
    [InlineData("[2001:db8::1]", "[2001:db8::1]:53")]
    [InlineData("[2001:db8::1]:5353", "[2001:db8::1]:5353")]
    [InlineData("fe80::1%1", "[fe80::1%1]:53")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1:53")]
    public void Address_IsRead(string text, string expected)
    {
        Assert.True(UpstreamAddress.TryParse(text, out var address));
        Assert.Equal(expected, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("dns.example")]
    [InlineData("192.0.2")]
    [InlineData("192.0.2.256")]
    [InlineData("010.0.0.1")]
    [InlineData("0x7f000001")]
    [InlineData("192.0.2.1:")]
    [InlineData("192.0.2.1:0")]
    [InlineData("192.0.2.1:65536")]
    [InlineData("[2001:db8::1")]
    [InlineData("[2001:db8::1]x")]
    [InlineData("[192.0.2.1]x53")]
    [InlineData("192.0.2.1 ")]
    public void NoAddress_IsRefused(string text) => Assert.False(UpstreamAddress.TryParse(text, out _));

    [Fact]
    public void ResolvConf_IsReadAsTheLibraryReadsIt()
    {
        const string text = "# by hand\n; old\nsearch example\nnameserver 192.0.2.1\n\tnameserver\t2001:db8::1 \r\nnameserver 192.0.2.1\nnameserver resolver.example\nnameserver\noptions ndots:5 edns0\nnameservers 192.0.2.9\n";
        var found = ResolvConf.Nameservers(text, out var unreadable);
        Assert.Equal([new IPEndPoint(IPAddress.Parse("192.0.2.1"), 53), new IPEndPoint(IPAddress.Parse("2001:db8::1"), 53)], found);
        Assert.Equal(["resolver.example"], unreadable);
    }

    [Fact]
    public void ResolvConf_WithoutEnd_IsBounded() =>
        Assert.Equal(ResolvConf.MaxNameservers, ResolvConf.Nameservers(string.Concat(Enumerable.Range(0, 1000).Select(static n => $"nameserver 192.0.{n / 256}.{n % 256}\n")), out _).Count);

    [Fact]
    public void Defaults_AreValid()
    {
        var errors = new OptionErrors();
        new DnsForwardOptions().Validate(errors, "Forward.");
        new DnsCacheOptions().Validate(errors, "Cache.");
        Assert.Empty(errors.All);
    }

    [Fact]
    public void EveryFault_IsToldWithWhatToDo()
    {
        var errors = new OptionErrors();
        new DnsForwardOptions
        {
            Upstreams = ["resolver.example", "0.0.0.0"],
            ResolvConf = "resolv.conf",
            Timeout = TimeSpan.FromSeconds(5),
            Deadline = TimeSpan.FromSeconds(4),
            MaxConcurrent = 0,
            MaxFails = -1,
            HealthCheckInterval = TimeSpan.Zero,
            EdnsSize = 100,
            StubDomains = [new DnsStubDomain { Domain = "corp..example" }, new DnsStubDomain { Domain = "Corp.example", Upstreams = ["192.0.2.1"] }, new DnsStubDomain { Domain = "corp.example.", Upstreams = ["x"] }],
        }.Validate(errors, "Forward.");
        Assert.Equal(
            [
                "Forward.Upstreams[0]", "Forward.Upstreams[1]", "Forward.ResolvConf", "Forward.Deadline", "Forward.MaxConcurrent", "Forward.MaxFails",
                "Forward.HealthCheckInterval", "Forward.EdnsSize", "Forward.StubDomains[0].Domain", "Forward.StubDomains[0].Upstreams",
                "Forward.StubDomains[2].Upstreams[0]", "Forward.StubDomains[2].Domain",
            ],
            errors.All.Select(static error => error.Property));
    }

    [Fact]
    public void CacheFaults_AreTold()
    {
        var errors = new OptionErrors();
        new DnsCacheOptions
        {
            Size = new ByteSize(1),
            MaxTtl = TimeSpan.Zero,
            MinTtl = TimeSpan.FromSeconds(1),
            MaxNegativeTtl = TimeSpan.FromDays(1),
            FailureTtl = TimeSpan.Zero,
            MaxStale = TimeSpan.Zero,
        }.Validate(errors, "Cache.");
        Assert.Equal(["Cache.Size", "Cache.MaxTtl", "Cache.MinTtl", "Cache.MaxNegativeTtl", "Cache.FailureTtl", "Cache.MaxStale"], errors.All.Select(static error => error.Property));
    }
}
