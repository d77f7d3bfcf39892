using Kn.Ingress.Http;
using Kn.Ingress.Http2;

namespace Kn.Ingress.Proxying;

/// <summary>Makes what speaks with a client whose connection is ready: by the protocol that both sides agreed on.</summary>
internal static class ClientPeers
{
    /// <summary>The peer. Whoever calls watches it, or gives it the place of the one before it.</summary>
    /// <param name="worker">Its worker.</param>
    /// <param name="transport">The peer's from now on.</param>
    /// <param name="arrival">How the client came.</param>
    public static Peer Make(Worker worker, ITransport transport, Arrival arrival) => transport.Protocol.SequenceEqual("h2"u8)
        ? new Http2ClientConnection(worker, transport, ClientIdentity.Of(arrival, worker.Settings))
        : new ClientConnection(worker, transport, arrival);
}
