using System.Text.Json.Serialization;
using Kn.Hosting.Options;
using Kn.LoadBalancer.Options;
using Kn.Primitives;

namespace Kn.LoadBalancer;

/// <summary>A pool of addresses, an element of <c>loadBalancer.pools</c>.</summary>
public sealed record PoolOptions
{
    /// <summary>Its name, which Services ask for by annotation.</summary>
    /// <remarks>Not init: of an element of a list that leaves it out, generated readers would make null.</remarks>
    public string Name { get; set; } = "";

    /// <summary>Its addresses, of either family: one, a prefix such as 192.0.2.16/28, or a range such as 192.0.2.16-192.0.2.31.</summary>
    public ValueList<IpRange> Addresses { get; init; }

    /// <summary>Give addresses to Services that ask for none in particular. Default true.</summary>
    /// <remarks>Not init, or its default would be lost (<see cref="Name"/>).</remarks>
    public bool AutoAssign { get; set; } = true;

    /// <summary>Leave out IPv4 addresses that end in .0 or .255, which some routers and customers refuse. Default false.</summary>
    [JsonPropertyName("avoidBuggyIPs")]
    public bool AvoidBuggyIps { get; init; }

    /// <summary>Which pool is tried first: 1 before 2, and so on; 0 comes last. Pools for certain Services come before those for all.</summary>
    public uint Priority { get; init; }

    /// <summary>Namespaces whose Services may have its addresses. Default none named: all, unless <see cref="NamespaceSelectors"/> says otherwise.</summary>
    public ValueList<string> Namespaces { get; init; }

    /// <summary>Namespaces by their labels, as kubectl's -l has it; one match is enough.</summary>
    public ValueList<string> NamespaceSelectors { get; init; }

    /// <summary>Services by their labels; one match is enough.</summary>
    public ValueList<string> ServiceSelectors { get; init; }

    /// <summary>How the network learns who has an address. Default arp (and NDP, for IPv6): it needs nothing of the routers.</summary>
    public AnnounceWay Announce { get; init; } = AnnounceWay.Arp;

    /// <summary>Nodes that may announce by ARP, by their labels; one match is enough. Default none: all.</summary>
    public ValueList<string> NodeSelectors { get; init; }

    /// <summary>Links to announce on by ARP. Default none: the link whose prefix has the address, else the one that has the node's own.</summary>
    public ValueList<string> Interfaces { get; init; }

    internal void Validate(OptionErrors errors, string path)
    {
        errors.Require(Name.Length > 0, $"{path}.{nameof(Name)}", "must not be empty");
        errors.Require(!Addresses.IsEmpty, $"{path}.{nameof(Addresses)}", "must have at least one address, prefix or range");
        for (var i = 0; i < Addresses.Count; i++)
        {
            var range = Addresses[i];
            errors.Require(
                !range.First.IsAny && !range.First.IsLoopback && !range.First.IsLinkLocal && !IsMulticast(range.First) && !IsMulticast(range.Last),
                $"{path}.{nameof(Addresses)}[{i}]",
                $"{range} has addresses that no Service can have");
        }

        Require(errors, NamespaceSelectors, $"{path}.{nameof(NamespaceSelectors)}");
        Require(errors, ServiceSelectors, $"{path}.{nameof(ServiceSelectors)}");
        Require(errors, NodeSelectors, $"{path}.{nameof(NodeSelectors)}");
    }

    private static bool IsMulticast(IpAddress address) =>
        address.Family == IpFamily.V4 ? (uint)address.Number >> 28 >= 0xE : (byte)(address.Number >> 120) == 0xFF;

    private static void Require(OptionErrors errors, ValueList<string> selectors, string path)
    {
        for (var i = 0; i < selectors.Count; i++)
        {
            errors.Require(SelectorText.TryParse(selectors[i], out _), $"{path}[{i}]", $"'{selectors[i]}' is not a selector such as app=web,tier!=test");
        }
    }
}

/// <summary>How the network learns who has an address.</summary>
public enum AnnounceWay
{
    /// <summary>By ARP and NDP: one node has the address.</summary>
    Arp,

    /// <summary>By BGP, which the module Routes speaks: every node may have it.</summary>
    Bgp,

    /// <summary>Both.</summary>
    Both,
}
