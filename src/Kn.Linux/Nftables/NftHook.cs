using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>Where and in what order a base chain sees packets.</summary>
/// <param name="Type">What the chain may do.</param>
/// <param name="Point">The hook of the stack.</param>
/// <param name="Priority">Lower is earlier; see <see cref="NftPriority"/>.</param>
/// <param name="Policy">What happens to a packet that no rule decided.</param>
public sealed record NftHook(NftChainType Type, NftHookPoint Point, int Priority, NftPolicy Policy)
{
    /// <summary>The devices of a netdev chain, empty elsewhere.</summary>
    public ValueList<string> Devices { get; init; }
}

/// <summary>The type of a base chain.</summary>
public enum NftChainType
{
    /// <summary>Accept or drop packets.</summary>
    Filter,

    /// <summary>Translate addresses; only the first packet of a connection is seen.</summary>
    Nat,

    /// <summary>Like filter at output, but the packet is routed again when its mark or addresses changed.</summary>
    Route,
}

/// <summary>A hook of the IP stack (netdev chains use <see cref="Ingress"/> and <see cref="Egress"/> alone).</summary>
/// <remarks>enum nf_inet_hooks, uapi/linux/netfilter.h.</remarks>
public enum NftHookPoint : byte
{
    /// <summary>Before the routing decision.</summary>
    Prerouting = 0,

    /// <summary>For this host, after routing.</summary>
    Input = 1,

    /// <summary>Through this host.</summary>
    Forward = 2,

    /// <summary>From this host, before routing takes effect.</summary>
    Output = 3,

    /// <summary>On the way out.</summary>
    Postrouting = 4,

    /// <summary>As received by a device (number 5 in inet tables, 0 in netdev tables).</summary>
    Ingress = 5,

    /// <summary>As sent by a device (netdev tables only, where its number is 1).</summary>
    Egress = 6,
}

/// <summary>What a base chain does with a packet that no rule decided; the values are netfilter's verdicts.</summary>
public enum NftPolicy : byte
{
    /// <summary>The packet is dropped.</summary>
    Drop = 0,

    /// <summary>The packet goes on.</summary>
    Accept = 1,
}

/// <summary>The well-known priorities of base chains.</summary>
/// <remarks>enum nf_ip_hook_priorities, uapi/linux/netfilter_ipv4.h.</remarks>
public static class NftPriority
{
    /// <summary>Before connection tracking.</summary>
    public const int Raw = -300;

    /// <summary>After connection tracking has found the connection.</summary>
    public const int Mangle = -150;

    /// <summary>Where destinations are translated.</summary>
    public const int DestinationNat = -100;

    /// <summary>Where packets are filtered.</summary>
    public const int Filter = 0;

    /// <summary>Security modules.</summary>
    public const int Security = 50;

    /// <summary>Where sources are translated.</summary>
    public const int SourceNat = 100;
}
