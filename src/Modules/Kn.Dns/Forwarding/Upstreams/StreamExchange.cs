using System.Net;
using System.Net.Sockets;

namespace Kn.Dns.Forwarding.Upstreams;

/// <summary>Questions to one upstream by TCP, on one connection that is kept while there are any. Thread-safe.</summary>
internal sealed class StreamExchange(SocketOpener open, IPEndPoint upstream, TimeProvider time) : IAsyncDisposable
{
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private StreamConnection? _connection;

    /// <summary>Asks. A kept connection that the server closes meanwhile, as it may at any time (RFC 7766 §6.2.4), is replaced once.</summary>
    /// <exception cref="SocketException">Nobody accepts.</exception>
    /// <exception cref="IOException">The connection broke before the answer came.</exception>
    public async Task<UpstreamAnswer> AskAsync(byte[] query, (int QuestionLength, bool ExactCase) expected, CancellationToken cancellationToken)
    {
        var (connection, isNew) = await ConnectAsync(cancellationToken);
        try
        {
            return DatagramExchange.Read(await connection.AskAsync(query, cancellationToken), query, expected);
        }
        catch (IOException) when (!isNew)
        {
            (connection, _) = await ConnectAsync(cancellationToken);
            return DatagramExchange.Read(await connection.AskAsync(query, cancellationToken), query, expected);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }

        _connecting.Dispose();
    }

    private async Task<(StreamConnection Connection, bool IsNew)> ConnectAsync(CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_connection is { IsOpen: true } kept)
            {
                return (kept, false);
            }

            if (_connection is { } closed)
            {
                _connection = null;
                await closed.DisposeAsync();
            }

            _connection = await StreamConnection.ConnectAsync(open, upstream, time, cancellationToken);
            return (_connection, true);
        }
        finally
        {
            _connecting.Release();
        }
    }
}
