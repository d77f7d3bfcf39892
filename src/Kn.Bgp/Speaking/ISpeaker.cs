using System.Net.Sockets;
using Kn.Bgp.Ribs;
using Kn.Bgp.Transport;

namespace Kn.Bgp.Speaking;

/// <summary>What a peer needs of the speaker around it.</summary>
internal interface ISpeaker
{
    BgpSpeakerOptions Options { get; }

    IBgpObserver Observer { get; }

    Rib Rib { get; }

    /// <summary>Counted from any fixed point.</summary>
    TimeSpan Now { get; }

    /// <summary>After a restart: nothing is chosen or told yet.</summary>
    bool IsDeferring { get; }

    Func<double> Random { get; }

    /// <summary>Connects, and tells the peer on the loop how that went.</summary>
    void Connect(SpeakerPeer peer, int number, CancellationToken cancellationToken);

    /// <summary>Reads and sends on a connection until it ends, and tells the peer on the loop what happens.</summary>
    BgpConnection Open(SpeakerPeer peer, int number, Socket socket);
}
