using System.Net;
using System.Net.Sockets;
using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Events;
using Kn.Kubernetes.Objects;
using Kn.ServiceProxy.Planning;
using Microsoft.Extensions.Logging;

namespace Kn.ServiceProxy.Health;

/// <summary>The part of the module that answers load balancers.</summary>
internal sealed class HealthModule : IAsyncDisposable
{
    /// <summary>How soon a port that was taken is tried again, and a new address of the node is listened on.</summary>
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(10);

    private static readonly WatchRequest[] Watches =
        [new WatchRequest(ResourceKinds.Services), new WatchRequest(ResourceKinds.EndpointSlices), new WatchRequest(ResourceKinds.Nodes)];

    private readonly HealthServer _server;
    private readonly HealthCheckTarget? _target;
    private readonly ReconcileLoop<ObjectKey, HealthCheckPiece> _loop;

    /// <summary>Does not listen yet.</summary>
    /// <param name="context">The module's.</param>
    /// <param name="health">The proxy's health.</param>
    /// <param name="node">This node, as the proxy sees it now.</param>
    /// <param name="metrics">The module's.</param>
    /// <param name="listen">Opens a listening socket; null for one in this thread's network namespace.</param>
    public HealthModule(ModuleContext context, ProxyHealth health, Func<ProxyNode> node, ServiceProxyMetrics metrics, Func<IPEndPoint, Socket>? listen)
    {
        var answers = new Answers(context.Cache, health, node, metrics);
        _server = new HealthServer((asked, path) => _target?.Find(asked) is { } found ? answers.OfService(found.Service, found.LocalEndpoints) : answers.OfNode(path), listen);
        _target = new HealthCheckTarget(_server.Sockets, node, new Reporter(context, metrics))
        {
            NodeEndPoint = node().Options.HealthEndPoint(),
        };
        _loop = new ReconcileLoop<ObjectKey, HealthCheckPiece>(_target, Watches, context, new ReconcileOptions { ResyncEvery = RetryEvery });
    }

    /// <summary>Answers until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _server.StartAsync(cancellationToken);

        // The node's own health is answered from the start, before the API server is.
        _target?.Settled();
        await _loop.RunAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private sealed class Answers(ClusterCache cache, ProxyHealth health, Func<ProxyNode> node, ServiceProxyMetrics metrics)
    {
        public HealthAnswer OfService(ObjectKey service, int localEndpoints) => HealthAnswer.OfService(service, localEndpoints, health.Read().IsHealthy);

        public HealthAnswer? OfNode(string path) => path switch
        {
            "/healthz" => Counted("healthz", HealthAnswer.OfNode(health, HealthCheckPlan.IsEligible(cache.Current.Nodes.Find(node().Name)))),
            "/livez" => Counted("livez", HealthAnswer.OfProxy(health)),
            _ => null,
        };

        private HealthAnswer Counted(string path, HealthAnswer answer)
        {
            metrics.HealthAnswers(path, answer.Status == 200 ? "200" : "503").Increment();
            return answer;
        }
    }

    private sealed class Reporter(ModuleContext context, ServiceProxyMetrics metrics) : HealthCheckObserver
    {
        private readonly ILogger _logger = context.Loggers.CreateLogger(context.Status.Name);

        public override void Failed(ObjectKey? service, IPEndPoint endPoint, string error)
        {
            ServiceProxyLog.HealthPortFailed(_logger, service is { } named ? $"Service {named}" : "the node", endPoint.ToString(), error);
            if (service is { } key)
            {
                var uid = context.Cache.Current.Services.Find(key)?.Metadata.Uid ?? "";
                var message = $"node {context.Node.Name} failed to start healthcheck \"{key}\" on port {endPoint.Port}: {endPoint}: {error}";
                context.Events.Record(new ClusterEvent(EventSubject.Service(key, uid), IsWarning: true, "FailedToStartServiceHealthcheck", message));
            }
        }

        public override void FailingPorts(int count) => metrics.HealthPortsFailing.Set(count);
    }
}
