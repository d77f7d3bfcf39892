using Kn.Ingress.Routing;
using Kn.Ingress.Tls;
using Kn.Linux;
using Kn.Linux.Streams;

namespace Kn.Ingress.Proxying;

/// <summary>A connection to a backend: of one request at a time, or kept for the next.</summary>
internal sealed class UpstreamConnection : Peer, IUpstreamSide
{
    private readonly StreamSocket _socket;

    private UpstreamConnection(Worker worker, StreamSocket socket, ITransport transport, UpstreamEndpoint endpoint)
        : base(worker, transport)
    {
        _socket = socket;
        Endpoint = endpoint;
    }

    /// <inheritdoc/>
    public UpstreamEndpoint Endpoint { get; }

    /// <inheritdoc/>
    public IClientSide? Owner { get; set; }

    /// <inheritdoc/>
    public bool IsConnected { get; private set; }

    /// <inheritdoc/>
    public bool IsReused { get; set; }

    /// <inheritdoc/>
    public bool IsUntouched => false;

    /// <summary>Since when it is kept.</summary>
    public long KeptSince { get; set; }

    /// <summary>Begins to connect.</summary>
    /// <returns>Null when that fails at once.</returns>
    public static UpstreamConnection? Begin(Worker worker, UpstreamEndpoint endpoint)
    {
        var socket = worker.Connect(endpoint);
        if (socket is null)
        {
            return null;
        }

        var transport = endpoint.Tls is null ? new PlainTransport(socket) : worker.Surroundings.BackendTls.Begin(endpoint.Tls, socket);
        if (transport is null)
        {
            return null;
        }

        var connection = new UpstreamConnection(worker, socket, transport, endpoint);
        worker.Add(connection, socket);
        worker.Counters.Connects++;
        return connection;
    }

    /// <inheritdoc/>
    public bool TryFinishConnecting()
    {
        if (!IsConnected && CanWrite)
        {
            if (_socket.Error != Errno.None)
            {
                return false;
            }

            return Transport is TlsTransport tls ? TryFinishHandshake(tls) : IsConnected = true;
        }

        return true;
    }

    private bool TryFinishHandshake(TlsTransport tls)
    {
        var result = tls.Handshake();
        IsConnected = result == 1;
        CanRead |= IsConnected;
        return IsConnected || result == NotNow;
    }

    /// <inheritdoc/>
    public void Release(bool isReusable)
    {
        if (isReusable && !HasPending)
        {
            Worker.Pool.Keep(this, Worker.Now);
        }
        else
        {
            Owner = null;
            Close();
        }
    }

    /// <inheritdoc/>
    public override void Run()
    {
        if (Owner is not null)
        {
            Owner.Run();
        }
        else if (CanRead && Receive(Worker.Scratch.AsSpan(0, 1)) != NotNow)
        {
            // A backend has nothing to say without a request: it closes, or it breaks the protocol. TLS may have: tickets for other connections.
            Worker.Pool.Drop(this);
        }
    }

    /// <inheritdoc/>
    public override void OnDeadline()
    {
        if (Owner is null)
        {
            Worker.Pool.Drop(this);
        }
    }

    /// <inheritdoc/>
    public override void Close()
    {
        var owner = Owner;
        Owner = null;
        base.Close();
        owner?.Close();
    }
}
