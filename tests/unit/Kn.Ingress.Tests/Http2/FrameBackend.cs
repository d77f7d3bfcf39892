using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Kn.Ingress.Http2.Frames;

namespace Kn.Ingress.Tests.Http2;

/// <summary>A backend on 127.0.0.1 that speaks HTTP/2 as its script says: once a connection, after the preface and SETTINGS.</summary>
internal sealed class FrameBackend : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;
    private readonly X509Certificate2? _certificate;

    public FrameBackend(Func<FrameClient, Task> script, params (SettingKind Kind, uint Value)[] settings)
        : this(null, script, settings)
    {
    }

    public FrameBackend(X509Certificate2? certificate, Func<FrameClient, Task> script, params (SettingKind Kind, uint Value)[] settings)
    {
        _certificate = certificate;
        _listener.Start();
        Port = (ushort)((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync(script, settings);
    }

    public ushort Port { get; }

    public int Connections { get; private set; }

    /// <summary>Answers each request, once it has come whole, with these fields and this body.</summary>
    public static FrameBackend Answering(string body, params string[] fields) => new(async connection =>
    {
        while (await connection.ReadRequestAsync() is { } request)
        {
            await connection.BeginAsync(request.Stream, [":status", "200", .. fields]);
            await connection.DataAsync(request.Stream, body, endsStream: true);
        }
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync(Func<FrameClient, Task> script, (SettingKind Kind, uint Value)[] settings)
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            Connections++;
            _connections.Add(RunAsync(client, script, settings));
        }
    }

    private async Task RunAsync(TcpClient client, Func<FrameClient, Task> script, (SettingKind Kind, uint Value)[] settings)
    {
        await using var stopping = _stop.Token.Register(client.Close);
        client.NoDelay = true;
        var stream = _certificate is null ? client.GetStream() : await SecureAsync(client.GetStream(), _certificate);
        using var frames = new FrameClient(stream, client);
        await frames.ReadPrefaceAsync();
        await frames.SettingsAsync(settings);
        await script(frames);
    }

    private static async Task<Stream> SecureAsync(Stream stream, X509Certificate2 certificate)
    {
        var secure = new SslStream(stream);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, ApplicationProtocols = [SslApplicationProtocol.Http2] });
        return secure;
    }
}
