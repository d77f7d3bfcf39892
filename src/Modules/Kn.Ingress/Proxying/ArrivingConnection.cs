using Kn.Ingress.Tls;
using Kn.Linux.Streams;
using Kn.Linux.Tls;

namespace Kn.Ingress.Proxying;

/// <summary>A client's connection before its first request: who it comes from (PROXY protocol) and how it is encrypted (TLS). Then it gives its place to
/// what speaks the protocol that was agreed on.</summary>
/// <remarks>All of that has one time-out, however many bytes come in it: whoever sends them one by one is gone as soon.</remarks>
internal sealed class ArrivingConnection : Peer
{
    private readonly StreamSocket _socket;
    private readonly bool _isTls;
    private Arrival _arrival;
    private bool _wantsProxyHeader;
    private TlsConnection? _tls;

    private ArrivingConnection(Worker worker, StreamSocket socket, ushort port, bool isTls, bool wantsProxyHeader)
        : base(worker, new PlainTransport(socket))
    {
        _socket = socket;
        _isTls = isTls;
        _arrival = new Arrival(socket.Peer, port);
        _wantsProxyHeader = wantsProxyHeader;
        CanWrite = true;
        Deadline = worker.Now + worker.Settings.HandshakeTimeout;
        worker.Counters.Open++;
    }

    /// <summary>What takes care of a connection that was taken.</summary>
    /// <param name="worker">Its worker.</param>
    /// <param name="socket">The peer's from now on.</param>
    /// <param name="port">The port that it came to.</param>
    /// <param name="isTls">Whether that is a port for TLS.</param>
    public static Peer Take(Worker worker, StreamSocket socket, ushort port, bool isTls)
    {
        var wantsProxyHeader = worker.Settings.ProxyProtocolFrom.Any(prefix => prefix.Contains(socket.Peer));
        return isTls || wantsProxyHeader
            ? new ArrivingConnection(worker, socket, port, isTls, wantsProxyHeader)
            : ClientPeers.Make(worker, new PlainTransport(socket), new Arrival(socket.Peer, port));
    }

    /// <inheritdoc/>
    public override void Run()
    {
        if (IsClosed || (_wantsProxyHeader && !ReadProxyHeader()))
        {
            return;
        }

        if (!_isTls)
        {
            HandOver(ClientPeers.Make(Worker, Transport, _arrival));
            return;
        }

        _tls ??= Worker.Surroundings.Tls?.TryAccept(_socket);
        switch (_tls?.Handshake())
        {
            case 1:
                Worker.Counters.Handshakes++;
                Worker.Counters.Resumptions += _tls.IsResumed ? 1 : 0;
                var arrival = _arrival with { IsTls = true, HasOwnCertificate = Worker.Surroundings.Tls!.Certificates.HasOwn(_tls.ServerName) };
                HandOver(ClientPeers.Make(Worker, new TlsTransport(_tls), arrival));
                break;
            case NotNow when !HasEnded:
                break;
            default:
                Worker.Counters.HandshakeFailures++;
                Close();
                break;
        }
    }

    /// <inheritdoc/>
    public override void OnDeadline()
    {
        Worker.Counters.TimedOut++;
        Close();
    }

    /// <inheritdoc/>
    public override void Close()
    {
        if (!IsClosed)
        {
            Worker.Counters.Open--;
            _tls?.Dispose();
            base.Close();
        }
    }

    /// <inheritdoc/>
    protected override void HandOver(Peer to)
    {
        // The other one counts itself.
        Worker.Counters.Open--;
        base.HandOver(to);
    }

    /// <summary>Reads what a proxy says before the client's first byte, and not one byte more: the rest is TLS's, or the request.</summary>
    private bool ReadProxyHeader()
    {
        var buffer = Worker.Scratch.AsSpan(0, ProxyHeader.MaxLength);
        var count = _socket.Peek(buffer);
        if (count == NotNow)
        {
            return false;
        }

        var header = ProxyHeader.Read(buffer[..Math.Max(0, count)]);
        if (header.Verdict == ProxyVerdict.Incomplete && count > 0 && !HasEnded)
        {
            return false;
        }

        if (header.Verdict != ProxyVerdict.Whole || _socket.Receive(buffer[..header.Length]) != header.Length)
        {
            Worker.Counters.Refused++;
            Close();
            return false;
        }

        _wantsProxyHeader = false;
        _arrival = header.HasClient ? new Arrival(header.Address, header.Port) : _arrival;
        return true;
    }
}
