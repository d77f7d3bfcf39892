using System.Net;
using System.Text;
using Kn.Hosting.Metrics;
using Microsoft.AspNetCore.Http;

namespace Kn.Hosting.Health;

/// <summary>Serves /metrics, /healthz and /readyz.</summary>
public sealed class HttpEndpoint : IAsyncDisposable
{
    private readonly PlainHttpServer _server;

    /// <summary>An endpoint that does not listen yet.</summary>
    public HttpEndpoint(IPEndPoint address, MetricRegistry metrics, AgentHealth health) => _server = new PlainHttpServer(
        options =>
        {
            options.Limits.MaxConcurrentConnections = 64;
            options.Limits.MaxRequestBodySize = 0;
            options.Listen(address);
        },
        context => AnswerAsync(context, metrics, health));

    /// <summary>The addresses that it listens on, once started.</summary>
    public ICollection<string> Addresses => _server.Addresses;

    /// <summary>Listens.</summary>
    /// <exception cref="IOException">The address is taken or not of this host.</exception>
    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static Task AnswerAsync(HttpContext context, MetricRegistry metrics, AgentHealth health)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            return WriteAsync(context, 405, "text/plain; charset=utf-8", "only GET\n");
        }

        return context.Request.Path.Value switch
        {
            "/metrics" => WriteAsync(context, 200, PrometheusText.ContentType, metrics.ToPrometheusText()),
            "/healthz" or "/livez" => ReportAsync(context, health.Live()),
            "/readyz" => ReportAsync(context, health.Ready()),
            _ => WriteAsync(context, 404, "text/plain; charset=utf-8", "there are /metrics, /healthz and /readyz\n"),
        };
    }

    private static Task ReportAsync(HttpContext context, HealthReport report) =>
        WriteAsync(context, report.IsGood ? 200 : 503, "text/plain; charset=utf-8", report.Text);

    private static async Task WriteAsync(HttpContext context, int status, string contentType, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        }
    }
}
