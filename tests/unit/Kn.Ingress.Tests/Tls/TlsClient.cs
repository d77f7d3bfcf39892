using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kn.Ingress.Tests.Tls;

/// <summary>A client that speaks TLS, of the framework's own.</summary>
internal sealed class TlsClient : IAsyncDisposable
{
    private readonly TcpClient _client = new();
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));
    private readonly StringBuilder _early = new();
    private SslStream _stream = null!;

    public string CommonName => new X509Certificate2(_stream.RemoteCertificate!).GetNameInfo(X509NameType.SimpleName, forIssuer: false);

    public SslStream Stream => _stream;

    /// <summary>Connects and shakes hands.</summary>
    /// <param name="port">The port.</param>
    /// <param name="host">The name that is asked for; empty for none.</param>
    /// <param name="version">The only version.</param>
    /// <param name="before">What is sent before.</param>
    /// <param name="protocols">For ALPN.</param>
    public static async Task<TlsClient> ConnectAsync(ushort port, string host = "", SslProtocols version = SslProtocols.None, byte[]? before = null, params string[] protocols)
    {
        var client = new TlsClient();
        try
        {
            client._client.NoDelay = true;
            await client._client.ConnectAsync(IPAddress.Loopback, port);
            await client._client.GetStream().WriteAsync(before ?? []);
            client._stream = new SslStream(client._client.GetStream());
            await client._stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    EnabledSslProtocols = version,
                    RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
                    ApplicationProtocols = protocols.Length == 0 ? null : [.. protocols.Select(static name => new SslApplicationProtocol(name))],
                },
                client._deadline.Token);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(byte[] bytes)
    {
        await _stream.WriteAsync(bytes, _deadline.Token);
        await _stream.FlushAsync(_deadline.Token);
    }

    /// <summary>Everything up to these characters, and them.</summary>
    public async Task<string> ReadUntilAsync(string end)
    {
        while (true)
        {
            var text = _early.ToString();
            var at = text.IndexOf(end, StringComparison.Ordinal);
            if (at >= 0)
            {
                _early.Remove(0, at + end.Length);
                return text[..(at + end.Length)];
            }

            var buffer = new byte[65536];
            var count = await _stream.ReadAsync(buffer, _deadline.Token);
            Assert.True(count > 0, $"the connection ended after: {text}");
            _early.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
    }

    /// <summary>Everything until the other side says that it is the end.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        all.Write(Encoding.Latin1.GetBytes(_early.ToString()));
        await _stream.CopyToAsync(all, _deadline.Token);
        return all.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        if (_stream is not null)
        {
            await _stream.DisposeAsync();
        }

        _client.Dispose();
        _deadline.Dispose();
    }
}
