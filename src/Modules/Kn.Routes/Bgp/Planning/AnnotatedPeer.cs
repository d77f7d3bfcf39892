using Kn.Primitives;

namespace Kn.Routes.Bgp.Planning;

/// <summary>A router that a Node's annotations name.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Asn">Its AS.</param>
internal sealed record AnnotatedPeer(IpAddress Address, uint Asn)
{
    /// <summary>TCP MD5 key; empty without. Never printed.</summary>
    public string Password { get; init; } = "";

    /// <summary>Its port; null for BGP's.</summary>
    public ushort? Port { get; init; }

    /// <summary>The node's address for the session.</summary>
    public IpAddress? LocalAddress { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Address} AS {Asn}";
}
