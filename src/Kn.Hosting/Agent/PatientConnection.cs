using Kn.Hosting.Options;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Kubeconfigs;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Agent;

/// <summary>A connection that waits for a kubeconfig that can be used: a node is installed before it joins, and a file that somebody
/// just edits is whole a moment later.</summary>
internal sealed class PatientConnection : IClusterConnection
{
    /// <summary>How often the file is looked at: a stat(2).</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>How often it is read again although it looks the same: it may name other files, such as certificates, that come later.</summary>
    private static readonly TimeSpan ReadAnywayEvery = TimeSpan.FromSeconds(15);

    private readonly Func<IClusterConnection> _connect;
    private readonly string _kubeconfig;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private IClusterConnection? _inner;
    private string? _problem;

    private PatientConnection(Func<IClusterConnection> connect, string kubeconfig, ILogger logger, TimeProvider time)
    {
        _connect = connect;
        _kubeconfig = kubeconfig;
        _logger = logger;
        _time = time;
        // Without an await where the file is good: the API server is asked before anything else starts.
        Completion = RunAsync(_stop.Token);
    }

    /// <inheritdoc/>
    public string Server => Volatile.Read(ref _inner)?.Server ?? "";

    /// <inheritdoc/>
    public ApiClient? Client => Volatile.Read(ref _inner)?.Client;

    /// <inheritdoc/>
    public string? Problem => Volatile.Read(ref _problem);

    /// <inheritdoc/>
    public Task Completion { get; }

    /// <summary>Connects now or as soon as that is possible.</summary>
    internal static PatientConnection Start(
        ConnectCluster connect, AgentOptions options, ClusterCache cache, IReadOnlyList<WatchRequest> watches, ILoggerFactory loggers, TimeProvider time)
    {
        // Declared before there is a connection: without watched kinds a cache has nothing to wait for.
        cache.Watch(watches.Select(static watch => watch.Kind));
        return new PatientConnection(() => connect(options, cache, watches, loggers, time), options.Kubeconfig, loggers.CreateLogger("agent"), time);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_inner is null)
        {
            // Not connected, or just about to be: what the loop has made when it ends is seen below.
            await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_inner is not null)
        {
            await _inner.DisposeAsync();
            await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = Fingerprint();
            if (TryConnect() is { } connection)
            {
                await connection.Completion.WaitAsync(cancellationToken);
                return;
            }

            await WaitForChangeAsync(seen, cancellationToken);
        }
    }

    private IClusterConnection? TryConnect()
    {
        try
        {
            var connection = _connect();
            Volatile.Write(ref _inner, connection);
            if (_problem is not null)
            {
                Volatile.Write(ref _problem, null);
                AgentLog.KubeconfigGood(_logger, _kubeconfig, connection.Server);
            }

            return connection;
        }
        catch (KubeconfigException exception)
        {
            if (exception.Message != _problem)
            {
                Volatile.Write(ref _problem, exception.Message);
                AgentLog.KubeconfigBad(_logger, exception.Message);
            }

            return null;
        }
    }

    private async Task WaitForChangeAsync(string seen, CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        do
        {
            await Task.Delay(LookEvery, _time, cancellationToken);
        }
        while (Fingerprint() == seen && _time.GetElapsedTime(start) < ReadAnywayEvery);
    }

    private string Fingerprint() => string.Join('|', _kubeconfig.Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(static path => new FileInfo(path))
        .Select(static file => file.Exists ? $"{file.LastWriteTimeUtc.Ticks} {file.Length}" : ""));
}
