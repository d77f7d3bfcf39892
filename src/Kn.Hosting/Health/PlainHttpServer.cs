using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using OptionsOf = Microsoft.Extensions.Options.Options;

namespace Kn.Hosting.Health;

/// <summary>Kestrel alone: no host, no configuration, no container, no middleware, no log of its own. One function answers all requests.</summary>
/// <remarks>What WebApplication puts around the same server is 1 MB of machine code (docs/adr/0006-what-the-binary-is-made-of.md).</remarks>
public sealed class PlainHttpServer : IAsyncDisposable
{
    private readonly KestrelServer _server;
    private readonly Application _application;

    /// <summary>A server that does not listen yet.</summary>
    /// <param name="configure">Limits, and where it shall listen.</param>
    /// <param name="answer">Answers one request; what it throws is status 500.</param>
    /// <param name="transport">Where connections come from; null for sockets that Kestrel opens.</param>
    public PlainHttpServer(Action<KestrelServerOptions> configure, Func<HttpContext, Task> answer, IConnectionListenerFactory? transport = null)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        configure(options);
        transport ??= new SocketTransportFactory(OptionsOf.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        _server = new KestrelServer(OptionsOf.Create(options), transport, NullLoggerFactory.Instance);
        _application = new Application(answer);
    }

    /// <summary>The addresses that it listens on, once started.</summary>
    public ICollection<string> Addresses => _server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;

    /// <summary>Listens.</summary>
    /// <exception cref="IOException">An address is taken or not of this host.</exception>
    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(_application, cancellationToken);

    /// <summary>Stops listening and breaks off what is being answered.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        _server.Dispose();
    }

    private sealed class Application(Func<HttpContext, Task> answer) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => answer(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
