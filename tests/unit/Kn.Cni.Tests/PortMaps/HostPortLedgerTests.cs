using FsCheck;
using FsCheck.Fluent;
using Kn.Cni.Ipam;
using Kn.Cni.PortMaps;
using Kn.Cni.Protocol;
using Kn.Linux.Nftables;
using Kn.Primitives;

namespace Kn.Cni.Tests.PortMaps;

public sealed class HostPortLedgerTests
{
    private static readonly string?[] Addresses = [null, "192.0.2.1", "192.0.2.2", "0.0.0.0", "::", "2001:db8::1"];

    [Fact]
    public void SecondClaim_IsTold_AndTakesNothing()
    {
        var ledger = new HostPortLedger();
        Assert.Null(ledger.Claim(Pod("a", Mapping(80))));
        var conflict = ledger.Claim(Pod("b", Mapping(81), Mapping(80)));
        Assert.Equal("a", conflict!.Holder.Key.ContainerId);
        Assert.Equal(Mapping(80), conflict.Wanted);
        Assert.Null(ledger.Claim(Pod("c", Mapping(81))));
        ledger.Release(Pod("a").Key);
        Assert.Null(ledger.Claim(Pod("b", Mapping(80))));
    }

    [Fact]
    public void RepeatedClaim_ReplacesTheOwnOne()
    {
        var ledger = new HostPortLedger();
        Assert.Null(ledger.Claim(Pod("a", Mapping(80))));
        Assert.Null(ledger.Claim(Pod("a", Mapping(80), Mapping(81))));
        ledger.Release(Pod("a").Key);
        Assert.Empty(ledger.Elements);
        Assert.Null(ledger.Claim(Pod("b", Mapping(80), Mapping(81))));
    }

    /// <summary>Whatever is claimed and released: no two elements of one map have the same key, and a claim is refused exactly when it overlaps.</summary>
    [Fact]
    public void AnySequence_NeverLeadsOnePortTwoWays() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll<byte[]>(static steps =>
        {
            var ledger = new HostPortLedger();
            var held = new Dictionary<string, Attachment>(StringComparer.Ordinal);
            foreach (var step in steps ?? [])
            {
                var name = $"pod{step & 3}";
                var mapping = Mapping(80 + ((step >> 2) & 1), Addresses[(step >> 3) % Addresses.Length]);
                // The same port of two addresses, where that is no contradiction in itself.
                var second = mapping with { HostIp = IpAddress.Parse("192.0.2.9") };
                var pod = mapping.Overlaps(second) ? Pod(name, mapping) : Pod(name, mapping, second);
                if (step >= 224)
                {
                    ledger.Release(pod.Key);
                    held.Remove(name);
                    continue;
                }

                var overlaps = held.Any(other => other.Key != name && other.Value.PortMappings.Any(taken => pod.PortMappings.Any(taken.Overlaps)));
                if (ledger.Claim(pod) is not null != overlaps)
                {
                    return false;
                }

                if (!overlaps)
                {
                    held[name] = pod;
                }
            }

            var elements = ledger.Elements;
            return elements.Select(static element => (element.Set, element.Element.Key)).Distinct().Count() == elements.Count;
        }));

    [Fact]
    public void MappingOfAnAddress_OfAFamilyThePodHasNot_IsFound()
    {
        ValueList<IpAddress> only4 = [IpAddress.Parse("10.0.0.1")];
        Assert.Null(PortMapElements.FindUnservable(only4, [Mapping(80), Mapping(81, "::"), Mapping(82, "192.0.2.1")]));
        Assert.Equal(Mapping(83, "2001:db8::1"), PortMapElements.FindUnservable(only4, [Mapping(83, "2001:db8::1")]));
    }

    [Fact]
    public void Elements_SayWhoseTheyAre_AndGiveTheSameElementsAgain()
    {
        var pods = new[] { Pod("a", Mapping(80), Mapping(81, "192.0.2.1"), Mapping(82, "2001:db8::1")), Pod("b", Mapping(90, "::"), Mapping(90, "0.0.0.0")), Pod("c") };
        var elements = pods.SelectMany(HostPortLedger.ElementsOf).ToHashSet();
        var owners = PortMapReading.Owners(elements);
        Assert.Equal(["a", "b"], owners.Select(static owner => owner.Key.ContainerId).Order(StringComparer.Ordinal));
        Assert.Equal(pods[0].Addresses, owners.Single(static owner => owner.Key.ContainerId == "a").Addresses);
        Assert.True(elements.SetEquals(owners.SelectMany(HostPortLedger.ElementsOf)));
        Assert.Empty(PortMapReading.Owners(elements.Select(static element => element with { Element = element.Element with { Comment = "somebody else's" } })));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("127.0.0.9", true)]
    [InlineData("192.0.2.1", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    public void Loopback_IsOpenedOnlyWhereItIsUsed(string? hostIp, bool expected)
    {
        Assert.Equal(expected, PortMapElements.UsesLoopback([IpAddress.Parse("10.0.0.1")], [Mapping(80, hostIp)]));
        Assert.False(PortMapElements.UsesLoopback([IpAddress.Parse("fd00::1")], [Mapping(80, hostIp)]));
    }

    private static PortMapping Mapping(int port, string? hostIp = null) => new((ushort)port, 80, IpProtocol.Tcp, hostIp is null ? null : IpAddress.Parse(hostIp));

    private static Attachment Pod(string name, params PortMapping[] mappings) => new()
    {
        Key = new AttachmentKey(name, "eth0"),
        Network = "kn",
        Addresses = [IpAddress.FromV4(0x0A00_0000u + (uint)name[^1]), IpAddress.Parse($"fd00::{(int)name[^1]:x}")],
        PortMappings = mappings.ToValueList(),
    };
}
