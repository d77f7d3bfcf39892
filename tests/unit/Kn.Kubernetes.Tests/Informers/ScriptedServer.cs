using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Kn.Kubernetes.Tests.Informers;

/// <summary>An API server that says what the test's script says, on a free port of the loopback.</summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedServer(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Url => new(_app.Urls.Single());

    /// <summary>Every request, in order, as path and query.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Starts; with a certificate it speaks TLS, HTTP/2 first, and asks for a client certificate.</summary>
    public static async Task<ScriptedServer> StartAsync(Func<HttpContext, Task> script, X509Certificate2? certificate = null, IPEndPoint? at = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => options.Listen(at ?? new IPEndPoint(IPAddress.Loopback, 0), listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.AllowAnyClientCertificate();
                });
            }
        }));
        var app = builder.Build();
        var server = new ScriptedServer(app);
        app.Run(context =>
        {
            server.Requests.Enqueue(context.Request.Path + context.Request.QueryString.Value);
            return script(context);
        });
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
    }
}
