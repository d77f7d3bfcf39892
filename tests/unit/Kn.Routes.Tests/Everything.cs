using Kn.Hosting.Reconciling;
using Kn.Routes.Peers;
using Kn.Routes.Pieces;

namespace Kn.Routes.Tests;

/// <summary>The plan of every key.</summary>
internal static class Everything
{
    public static Dictionary<RoutesKey, RoutesPiece> Plan(PeerTable peers, Problems problems)
    {
        var pieces = new Dictionary<RoutesKey, RoutesPiece>();
        foreach (var key in peers.Keys().ToHashSet())
        {
            if (RoutesPlan.Of(peers, key, problems) is { } piece)
            {
                pieces.Add(key, piece);
            }
        }

        return pieces;
    }
}
