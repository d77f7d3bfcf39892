using System.Net.Sockets;
using Kn.Hosting.Metrics;
using Microsoft.Extensions.Logging;

namespace Kn.Hosting.Control;

/// <summary>Answers on the control socket: the CLI's questions and the CNI calls.</summary>
/// <remarks>The caller holds the <see cref="AgentLock"/> of the directory, so whatever socket file is there is stale.</remarks>
public sealed class ControlServer : IDisposable
{
    private const int Backlog = 512;
    private const int MostConnections = 1024;
    private readonly string _path;
    private readonly Socket _listener;
    private readonly ControlSession _session;
    private readonly SemaphoreSlim _slots = new(MostConnections);
    private readonly ILogger _logger;

    /// <summary>Opens the socket; mode 0600, so only root may ask.</summary>
    /// <exception cref="SocketException">It cannot be opened.</exception>
    public ControlServer(string path, ControlHandlers handlers, MetricRegistry metrics, ILoggerFactory loggers, TimeProvider time)
    {
        _path = path;
        _logger = loggers.CreateLogger("control");
        _session = new ControlSession(handlers, new ControlMetrics(metrics), _logger, time);
        _listener = Open(path);
        ControlLog.Listening(_logger, path);
    }

    /// <summary>Serves until cancelled; returns when the calls at hand are over.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var connections = new HashSet<Task>();
        try
        {
            while (true)
            {
                await _slots.WaitAsync(cancellationToken);
                var socket = await _listener.AcceptAsync(cancellationToken);
                connections.RemoveWhere(static task => task.IsCompleted);
                connections.Add(ServeAsync(socket, cancellationToken));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAll(connections);
        }
    }

    /// <summary>Closes the socket and removes its file.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(_path);
        _slots.Dispose();
    }

    private static Socket Open(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            // Before listen(2) nobody can connect, so the mode is right from the first connection on.
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        using (socket)
        {
            try
            {
                await Task.Yield();
                await _session.ServeAsync(socket, cancellationToken);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                ControlLog.CallerGone(_logger, "");
            }
            finally
            {
                _slots.Release();
            }
        }
    }
}
