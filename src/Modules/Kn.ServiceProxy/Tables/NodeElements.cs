using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>The elements of what holds for the whole node. Pure.</summary>
internal static class NodeElements
{
    /// <summary>The elements of a piece.</summary>
    public static IEnumerable<ProxyElement> Of(NodePiece piece) =>
        piece.Inside.Select(ProxyElement.Inside)
            .Concat(piece.Elsewhere.Select(ProxyElement.Elsewhere))
            .Concat(piece.ServiceCidrs.Select(ProxyElement.ServiceCidr))
            .Concat(piece.Foreign.Select(ProxyElement.Foreign));
}
