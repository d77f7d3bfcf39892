using Kn.Ingress.Routing;
using Kn.Ingress.Tls;
using Kn.Linux;
using Kn.Linux.Streams;

namespace Kn.Ingress.Proxying;

/// <summary>A connection to a backend: of one request at a time, or kept for the next.</summary>
internal sealed class UpstreamConnection : Peer
{
    private readonly StreamSocket _socket;
    private byte[]? _head;

    private UpstreamConnection(Worker worker, StreamSocket socket, ITransport transport, UpstreamEndpoint endpoint)
        : base(worker, transport)
    {
        _socket = socket;
        Endpoint = endpoint;
    }

    /// <summary>Whom it is to.</summary>
    public UpstreamEndpoint Endpoint { get; }

    /// <summary>Whose request it carries; null while it is kept.</summary>
    public ClientConnection? Owner { get; set; }

    /// <summary>Whether it is there; before, it is on its way.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>Whether it has carried a request before this one: the backend may have closed it meanwhile.</summary>
    public bool IsReused { get; set; }

    /// <summary>Since when it is kept.</summary>
    public long KeptSince { get; set; }

    /// <summary>How much of a head is there that is not whole.</summary>
    public int HeadLength { get; private set; }

    /// <summary>How much of it was looked through.</summary>
    public int Scanned;

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
        return connection;
    }

    /// <summary>Looks whether it is there by now.</summary>
    /// <returns>False when it will never be.</returns>
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

    /// <summary>Keeps the part of a head until the rest comes.</summary>
    public void KeepHead(ReadOnlySpan<byte> part)
    {
        _head ??= Worker.Buffers.Rent(ClientConnection.MaxAnswerHead);
        part.CopyTo(_head);
        HeadLength = part.Length;
    }

    /// <summary>Receives more of a head that is kept.</summary>
    public int ReceiveHead()
    {
        var count = Receive(_head.AsSpan(HeadLength));
        HeadLength += Math.Max(0, count);
        return count;
    }

    /// <summary>What is kept of a head.</summary>
    public Span<byte> Head => _head.AsSpan(0, HeadLength);

    /// <summary>Forgets the head.</summary>
    public void DropHead()
    {
        Scanned = HeadLength = 0;
        if (_head is not null)
        {
            Worker.Buffers.Return(_head);
            _head = null;
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
        DropHead();
        base.Close();
        owner?.Close();
    }
}
