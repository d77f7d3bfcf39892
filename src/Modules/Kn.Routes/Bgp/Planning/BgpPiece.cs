using Kn.Bgp;
using Kn.Bgp.Bfd;
using Kn.Primitives;

namespace Kn.Routes.Bgp.Planning;

/// <summary>A piece of what this node says and to whom; its key says which.</summary>
internal abstract record BgpPiece
{
    private protected BgpPiece()
    {
    }
}

/// <summary>The speaker: another one means that all sessions begin anew.</summary>
/// <param name="Asn">Its AS.</param>
/// <param name="RouterId">Its identifier.</param>
/// <param name="ClusterId">The cluster that it reflects for; null for its identifier.</param>
/// <param name="ListenAddresses">Where peers may connect to.</param>
internal sealed record SpeakerPiece(uint Asn, IpAddress RouterId, IpAddress? ClusterId, ValueList<IpAddress> ListenAddresses) : BgpPiece;

/// <summary>A peer.</summary>
/// <param name="Options">What is agreed with it.</param>
/// <param name="Bfd">How the path to it is watched; null when it is not.</param>
internal sealed record PeerPiece(BgpPeerOptions Options, BfdPeerOptions? Bfd) : BgpPiece;

/// <summary>A prefix that peers are told.</summary>
/// <param name="Route">With what is said of it.</param>
internal sealed record RoutePiece(LocalRoute Route) : BgpPiece;
