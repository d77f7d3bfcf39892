using Kn.Ingress.Http;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Proxying;

/// <summary>One side of an exchange: bytes of HTTP/1.1, whatever the connection speaks. For the worker's thread.</summary>
/// <remarks>This is the seam between what is done with a request (routes, retries, times, logs) and what carries it. A connection of HTTP/1.1 is its own
/// side; a stream of HTTP/2 spells its heads and bodies as HTTP/1.1 at the connection's edge, so that each rule is written once and what is refused in one
/// protocol is refused in the other.</remarks>
internal interface IExchangeSide
{
    /// <summary>Whether something may be there to receive.</summary>
    bool CanRead { get; }

    /// <summary>Whether something waits to be sent: nothing more is to be made for it.</summary>
    bool HasPending { get; }

    /// <summary>Receives: how many bytes, 0 at the end, <see cref="Peer.NotNow"/>, or another negative number when it is broken.</summary>
    int Receive(Span<byte> buffer);

    /// <summary>Sends, now or later, in order. A head comes whole, at the beginning of a call.</summary>
    /// <returns>False when it is broken.</returns>
    bool Send(ReadOnlySpan<byte> bytes);

    /// <summary>Says that nothing more comes.</summary>
    void EndSending();
}

/// <summary>The side that asks.</summary>
internal interface IClientSide : IExchangeSide
{
    /// <summary>Who it is, as backends are told.</summary>
    ClientIdentity Identity { get; }

    /// <summary>Whether it is gone for good.</summary>
    bool HasEnded { get; }

    /// <summary>How many bytes it would take now: what is read for it beyond that waits in memory. A hint.</summary>
    int Room { get; }

    /// <summary>When patience with it ends, in milliseconds of the worker's clock.</summary>
    long Deadline { get; set; }

    /// <summary>What is there that came before its turn.</summary>
    ReadOnlySpan<byte> Saved { get; }

    /// <summary>Keeps bytes that come before their turn.</summary>
    void Save(ReadOnlySpan<byte> bytes);

    /// <summary>Forgets what was saved.</summary>
    void DropSaved();

    /// <summary>Goes on with the exchange.</summary>
    void Run();

    /// <summary>Answers what is no request.</summary>
    void Refuse(int status);

    /// <summary>The exchange is over.</summary>
    /// <param name="keepsAlive">Whether the client was told that the connection goes on.</param>
    /// <param name="isAllRead">Whether nothing of the request is left to come.</param>
    void EndExchange(bool keepsAlive, bool isAllRead);

    /// <summary>Breaks it off. Safe to repeat.</summary>
    void Close();
}

/// <summary>The side that is asked.</summary>
internal interface IUpstreamSide : IExchangeSide
{
    /// <summary>Whom it leads to.</summary>
    UpstreamEndpoint Endpoint { get; }

    /// <summary>Whose request it carries; null for nobody's.</summary>
    IClientSide? Owner { get; set; }

    /// <summary>Whether it is there; before, it is on its way.</summary>
    bool IsConnected { get; }

    /// <summary>Whether its connection has carried a request before this one: the backend may have closed it meanwhile.</summary>
    bool IsReused { get; }

    /// <summary>Whether the backend has said that it did nothing with the request.</summary>
    bool IsUntouched { get; }

    /// <summary>Whether something may be sent.</summary>
    bool CanWrite { get; }

    /// <summary>Looks whether it is there by now.</summary>
    /// <returns>False when it will never be.</returns>
    bool TryFinishConnecting();

    /// <summary>Sends what is taken now, while nothing waits.</summary>
    /// <returns>How many bytes; <see cref="Peer.NotNow"/>, or another negative number when it is broken.</returns>
    int SendSome(ReadOnlySpan<byte> bytes);

    /// <summary>Sends what it can of what waits.</summary>
    /// <returns>False when it is broken.</returns>
    bool Flush();

    /// <summary>Lets go of it.</summary>
    /// <param name="isReusable">Whether request and answer have come to their ends.</param>
    void Release(bool isReusable);
}
