using Kn.NetnsTests;
using KernelSettings = Kn.Linux.Sysctl.Sysctl;

namespace Kn.Linux.NetnsTests;

public sealed class SysctlTests : IDisposable
{
    private readonly TestNamespace _test = new("knlx");

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData("net.ipv4.ip_forward")]
    [InlineData("net/ipv6/conf/all/forwarding")]
    public void Write_ChangesThatNamespaceOnly(string key)
    {
        var here = KernelSettings.Read(key);
        var other = KernelSettings.Read(key, _test.Namespace) == "1" ? "0" : "1";
        KernelSettings.Write(key, other, _test.Namespace);
        Assert.Equal(other, KernelSettings.Read(key, _test.Namespace));
        Assert.Equal(other, _test.Exec("sysctl", "-n", key).Trim());
        Assert.Equal(here, KernelSettings.Read(key));
    }

    [Fact]
    public void AKeyWithADotInALinksName_IsWrittenWithSlashes()
    {
        _test.Ip("link", "add", "kn0.100", "type", "bridge");
        KernelSettings.Write("net/ipv4/conf/kn0.100/proxy_arp", "1", _test.Namespace);
        Assert.Equal("1", KernelSettings.Read("net/ipv4/conf/kn0.100/proxy_arp", _test.Namespace));
    }

    [Fact]
    public void Ensure_TellsWhetherItChangedAnything() => _test.Namespace.Run(() =>
    {
        KernelSettings.Write("net.ipv4.ip_forward", "0");
        Assert.True(KernelSettings.Ensure("net.ipv4.ip_forward", "1"));
        Assert.False(KernelSettings.Ensure("net.ipv4.ip_forward", "1"));
    });

    [Fact]
    public void WhatTheKernelDoesNotHaveOrTake_IsToldApart()
    {
        Assert.Null(KernelSettings.Read("net.ipv4.no_such_setting"));
        Assert.Equal(Errno.ENOENT, Assert.Throws<LinuxException>(() => KernelSettings.Write("net.ipv4.no_such_setting", "1")).Errno);
        var bad = Assert.Throws<LinuxException>(() => KernelSettings.Write("net.ipv4.ip_forward", "many", _test.Namespace));
        Assert.Equal(Errno.EINVAL, bad.Errno);
        Assert.Contains("net.ipv4.ip_forward = many", bad.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("net..ipv4")]
    public void AKeyThatLeavesTheTree_IsRefused(string key) => Assert.Throws<ArgumentException>(() => KernelSettings.Read(key));
}
