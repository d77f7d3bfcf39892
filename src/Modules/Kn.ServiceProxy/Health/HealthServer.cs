using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Kn.Hosting.Health;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.ServiceProxy.Health;

/// <summary>Answers load balancers: one small Kestrel for the node's own health and for the health check ports of all Services.</summary>
internal sealed class HealthServer : IAsyncDisposable
{
    private readonly PlainHttpServer _server;

    /// <summary>A server that listens nowhere yet.</summary>
    /// <param name="answer">What is answered, given the local address of the connection and the path; null for status 404.</param>
    /// <param name="listen">Opens a listening socket; null for one in this thread's network namespace.</param>
    public HealthServer(Func<IPEndPoint, string, HealthAnswer?> answer, Func<IPEndPoint, Socket>? listen = null)
    {
        Sockets = new HealthSockets(new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), NullLogger.Instance), listen);
        _server = new PlainHttpServer(
            options =>
            {
                options.Limits.MaxConcurrentConnections = 512;
                options.Limits.MaxRequestBodySize = 0;
                options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
                options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
                options.Listen(Sockets.EndPoint);
            },
            context => WriteAsync(context, answer(LocalAddress(context), context.Request.Path.Value ?? "/")),
            Sockets);
    }

    /// <summary>The sockets that it listens on; they may come and go while it runs.</summary>
    public HealthSockets Sockets { get; }

    /// <summary>Begins to answer.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static IPEndPoint LocalAddress(HttpContext context)
    {
        var address = context.Connection.LocalIpAddress ?? IPAddress.None;
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, context.Connection.LocalPort);
    }

    private static async Task WriteAsync(HttpContext context, HealthAnswer? answer)
    {
        if (answer is not { } known)
        {
            context.Response.StatusCode = 404;
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(known.Text);
        var response = context.Response;
        response.StatusCode = known.Status;
        response.ContentType = "application/json";
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = bytes.Length;
        if (known.Weight is { } weight)
        {
            response.Headers["X-Load-Balancing-Endpoint-Weight"] = weight.ToString(CultureInfo.InvariantCulture);
        }

        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(bytes, context.RequestAborted);
        }
    }
}
