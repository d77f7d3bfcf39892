using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Kn.Hosting.Agent;

/// <summary>Tells systemd how the agent is doing: datagrams to the socket that NOTIFY_SOCKET names (sd_notify(3)).</summary>
/// <remarks>Without NOTIFY_SOCKET, or when systemd does not listen, it does nothing: the agent works the same without systemd.</remarks>
public sealed class SystemdNotifier : IDisposable
{
    private readonly Socket? _socket;

    /// <summary>A notifier for this environment.</summary>
    /// <param name="notifySocket">NOTIFY_SOCKET: a path, or an abstract name after '@'.</param>
    /// <param name="watchdogMicroseconds">WATCHDOG_USEC: the longest silence that systemd bears.</param>
    public SystemdNotifier(string? notifySocket, string? watchdogMicroseconds)
    {
        if (string.IsNullOrEmpty(notifySocket))
        {
            return;
        }

        var name = notifySocket[0] == '@' ? "\0" + notifySocket[1..] : notifySocket;
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(name));
            _socket = socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return;
        }

        if (long.TryParse(watchdogMicroseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0)
        {
            // Twice within the limit, as sd_watchdog_enabled(3) advises.
            PingEvery = TimeSpan.FromMicroseconds(limit / 2.0);
        }
    }

    /// <summary>How often the watchdog wants to hear; null when there is none.</summary>
    public TimeSpan? PingEvery { get; }

    /// <summary>The agent serves.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>A line for systemctl status.</summary>
    public void Status(string status) => Send($"STATUS={status}");

    /// <summary>The agent is about to end.</summary>
    public void Stopping() => Send("STOPPING=1");

    /// <summary>Pings the watchdog until cancelled.</summary>
    /// <param name="isAlive">A ping is left out while this is false, so that systemd restarts a stuck agent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunWatchdogAsync(Func<bool> isAlive, TimeProvider time, CancellationToken cancellationToken)
    {
        if (PingEvery is not { } every)
        {
            return;
        }

        using var timer = new PeriodicTimer(every, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (isAlive())
            {
                Send("WATCHDOG=1");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private void Send(string message)
    {
        try
        {
            _socket?.Send(Encoding.UTF8.GetBytes(message));
        }
        catch (SocketException)
        {
            // systemd went away or its queue is full; the next message will do.
        }
    }
}
