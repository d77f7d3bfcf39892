using System.Net.Sockets;
using Kn.Primitives;

namespace Kn.Bgp;

/// <summary>The speaker itself.</summary>
public sealed record BgpSpeakerOptions
{
    /// <summary>Its AS.</summary>
    public required uint LocalAs { get; init; }

    /// <summary>Its identifier: an IPv4 address that no other speaker of the AS has, and that need not be anybody's.</summary>
    public required IpAddress RouterId { get; init; }

    /// <summary>The cluster that it reflects for (RFC 4456 §7); null for the router identifier.</summary>
    public IpAddress? ClusterId { get; init; }

    /// <summary>Where peers may connect to; empty: nowhere.</summary>
    public ValueList<IpAddress> ListenAddresses { get; init; } = [IpAddress.Any(IpFamily.V4), IpAddress.Any(IpFamily.V6)];

    /// <summary>The port for that.</summary>
    public ushort ListenPort { get; init; } = BgpPeerOptions.DefaultPort;

    /// <summary>How many paths of equal worth a prefix may have at once; 1: the best alone.</summary>
    public int MaxPaths { get; init; } = 64;

    /// <summary>Paths of equal worth may lead through different ASes, if through as many.</summary>
    public bool MultipathRelax { get; init; } = true;

    /// <summary>MED is compared between neighbours of different ASes, too.</summary>
    public bool AlwaysCompareMed { get; init; }

    /// <summary>It starts on a node whose forwarding went on since it stopped: peers are asked to keep its routes, and no path is chosen
    /// until they have told theirs (RFC 4724 §4.1).</summary>
    public bool IsRestarting { get; init; }

    /// <summary>Longest wait for that; RFC 4724 §4.1 leaves the time open.</summary>
    public TimeSpan SelectionDeferral { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What it costs to reach a next hop, lower is better; null: it cannot be reached. Must answer at once.</summary>
    public Func<IpAddress, uint?> NextHopCost { get; init; } = static _ => 0;

    /// <summary>Opens sockets; set where they must be opened in another network namespace.</summary>
    public Func<AddressFamily, Socket> OpenSocket { get; init; } = static family => new Socket(family, SocketType.Stream, ProtocolType.Tcp);
}
