using Kn.Linux.Streams;
using Kn.Linux.Tls;
using Microsoft.Extensions.Logging;

namespace Kn.Ingress.Tls;

/// <summary>TLS towards clients: what all threads and all hosts share. Made when the first client comes, so that a node without TLS has nothing of
/// it. Thread-safe.</summary>
/// <param name="settings">What is offered.</param>
/// <param name="certificates">What clients are shown.</param>
/// <param name="tickets">Keys of session tickets; null for no tickets.</param>
/// <param name="logger">Is told once why there is no TLS.</param>
internal sealed class TlsFront(TlsServerSettings settings, LiveCertificates certificates, TicketKeys? tickets, ILogger logger) : IDisposable
{
    private readonly Lock _lock = new();
    private TlsServerContext? _context;
    private string? _problem;

    /// <summary>What clients are shown.</summary>
    public LiveCertificates Certificates => certificates;

    /// <summary>Why there is no TLS; null when there is, or nobody has asked yet.</summary>
    public string? Problem => Volatile.Read(ref _problem);

    /// <summary>Begins to serve a client.</summary>
    /// <param name="socket">The connection's from now on, or the caller's still.</param>
    /// <returns>Null when there is no TLS.</returns>
    public TlsConnection? TryAccept(StreamSocket socket)
    {
        try
        {
            return (Volatile.Read(ref _context) ?? Open())?.Accept(socket);
        }
        catch (TlsException exception)
        {
            Report(exception.Message);
            return null;
        }
    }

    /// <summary>Takes other keys for tickets where it is time to: new connections have them, open ones have no need of them.</summary>
    public void RenewTickets()
    {
        lock (_lock)
        {
            if (_context is not null && tickets?.RenewIfOld() is { } keys)
            {
                // The one before goes when nobody refers to it: a thread may be about to use it.
                Volatile.Write(ref _context, new TlsServerContext(settings with { TicketKeys = keys }, certificates));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _context?.Dispose();

    private TlsServerContext? Open()
    {
        lock (_lock)
        {
            if (_context is null && _problem is null)
            {
                if (certificates.Find(default) is null)
                {
                    certificates.SetFallback(TlsCertificate.SelfSigned("Kn Ingress default certificate", "ingress.local"));
                }

                Volatile.Write(ref _context, new TlsServerContext(settings with { TicketKeys = tickets?.Read() }, certificates));
            }

            return _context;
        }
    }

    private void Report(string problem)
    {
        if (Interlocked.CompareExchange(ref _problem, problem, null) is null)
        {
            IngressLog.NoTls(logger, problem);
        }
    }
}
