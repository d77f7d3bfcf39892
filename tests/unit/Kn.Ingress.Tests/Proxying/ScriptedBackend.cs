using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kn.Ingress.Tests.Proxying;

/// <summary>A backend on 127.0.0.1 that does what its script says with each connection, and remembers what it was sent.</summary>
internal sealed class ScriptedBackend : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    private readonly X509Certificate2? _certificate;

    /// <param name="script">What is done with each connection.</param>
    /// <param name="certificate">For TLS; null for none.</param>
    public ScriptedBackend(Func<BackendConnection, Task> script, X509Certificate2? certificate = null)
    {
        _certificate = certificate;
        _listener.Start();
        Port = (ushort)((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(script);
    }

    public ushort Port { get; }

    public int Connections { get; private set; }

    /// <summary>Names that clients asked for in TLS.</summary>
    public ConcurrentQueue<string> Names { get; } = new();

    /// <summary>Heads of requests, in the order in which they came.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Answers each request with the same bytes, once its body of Content-Length is read.</summary>
    public static ScriptedBackend Answering(string answer, X509Certificate2? certificate = null) => new(
        async connection =>
    {
        while (await connection.ReadHeadAsync() is { } head)
        {
            await connection.ReadAsync(BackendConnection.LengthOf(head));
            await connection.WriteAsync(answer);
        }
    },
        certificate);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync(Func<BackendConnection, Task> script)
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            Connections++;
            _connections.Add(RunAsync(client, script));
        }
    }

    private async Task RunAsync(TcpClient client, Func<BackendConnection, Task> script)
    {
        using (client)
        {
            if (_certificate is null)
            {
                await script(new BackendConnection(client.GetStream(), Requests, _stop.Token));
                return;
            }

            await using var secure = new SslStream(client.GetStream());
            await secure.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateSelectionCallback = (_, name) =>
                    {
                        Names.Enqueue(name ?? "");
                        return _certificate;
                    },
                },
                _stop.Token);
            await script(new BackendConnection(secure, Requests, _stop.Token));
        }
    }
}

/// <summary>A connection of a scripted backend.</summary>
internal sealed class BackendConnection(Stream stream, ConcurrentQueue<string> requests, CancellationToken stop)
{
    public static int LengthOf(string head)
    {
        const string Name = "Content-Length: ";
        var at = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? 0 : int.Parse(head.AsSpan(at + Name.Length)[..head.AsSpan(at + Name.Length).IndexOf('\r')], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The next request's head; null at the end.</summary>
    public async Task<string?> ReadHeadAsync()
    {
        var text = new StringBuilder();
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await ReadByteAsync() is not { } value)
            {
                return null;
            }

            text.Append((char)value);
        }

        requests.Enqueue(text.ToString());
        return text.ToString();
    }

    /// <summary>So many bytes.</summary>
    public async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes, stop);
        return bytes;
    }

    /// <summary>Everything up to these characters, and them.</summary>
    public async Task<string> ReadUntilAsync(string end)
    {
        var text = new StringBuilder();
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal) && await ReadByteAsync() is { } value)
        {
            text.Append((char)value);
        }

        return text.ToString();
    }

    /// <summary>What is there; empty at the end.</summary>
    public async Task<byte[]> ReadSomeAsync()
    {
        var bytes = new byte[65536];
        return bytes[..await stream.ReadAsync(bytes, stop)];
    }

    public Task WriteAsync(string text) => WriteAsync(Encoding.Latin1.GetBytes(text));

    public Task WriteAsync(byte[] bytes) => stream.WriteAsync(bytes, stop).AsTask();

    public Task ForeverAsync() => Task.Delay(Timeout.InfiniteTimeSpan, stop);

    private async Task<byte?> ReadByteAsync()
    {
        var one = new byte[1];
        return await stream.ReadAsync(one, stop) == 0 ? null : one[0];
    }
}
