using System.Threading.Channels;
using Kn.Linux.Netlink;
using Kn.Linux.Nflog;
using Microsoft.Extensions.Logging;

namespace Kn.Policy.Drops;

/// <summary>Hands the packets that the table logs to whoever asks for them. Thread-safe.</summary>
/// <remarks>
/// <para>The kernel's group is listened to only while somebody asks: otherwise the kernel throws away what is logged, and a flood of drops costs the
/// agent nothing.</para>
/// <para>What is told is a sample: the table logs at most so many packets a second. The exact counts are those of
/// <see cref="DropAccounts"/>.</para>
/// </remarks>
internal sealed class DropFeed(Func<IPacketLog> open, Func<LoggedPacket, PolicyDrop?> describe, PolicyMetrics metrics, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly List<DropSubscription> _listeners = [];
    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private CancellationTokenSource? _idle;
    private bool _isOver;

    /// <summary>Somebody listens, until the subscription is disposed.</summary>
    public DropSubscription Subscribe(DropFilter filter)
    {
        var listener = new DropSubscription(filter, Leave);
        lock (_lock)
        {
            _listeners.Add(listener);
            if (_isOver)
            {
                listener.End("the module policy is stopping");
            }
            else if (_idle is not null)
            {
                listener.Open(fault: null);
            }
            else
            {
                _asked.Writer.TryWrite(true);
            }
        }

        return listener;
    }

    /// <summary>Serves listeners until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _asked.Reader.ReadAsync(cancellationToken);
                await ListenAsync(cancellationToken);
            }
        }
        finally
        {
            lock (_lock)
            {
                _isOver = true;
                _listeners.ForEach(static listener => listener.End("the module policy is stopping"));
            }
        }
    }

    /// <summary>Listens to the kernel until nobody wants to hear more.</summary>
    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            using var log = open();
            if (!Begin(idle))
            {
                return;
            }

            await foreach (var packet in log.ReadAllAsync(idle.Token))
            {
                Tell(packet);
            }
        }
        catch (NetlinkException exception)
        {
            PolicyLog.CannotListen(logger, exception.Message);
            Fail($"{exception.Message}: does another program listen to this NFLOG group?");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        finally
        {
            Pause();
        }
    }

    private bool Begin(CancellationTokenSource idle)
    {
        lock (_lock)
        {
            if (_listeners.Count == 0)
            {
                return false;
            }

            _idle = idle;
            _listeners.ForEach(static listener => listener.Open(fault: null));
            return true;
        }
    }

    /// <summary>Who came while the last one left is served by the next round.</summary>
    private void Pause()
    {
        lock (_lock)
        {
            _idle = null;
            if (_listeners.Count > 0)
            {
                _asked.Writer.TryWrite(true);
            }
        }
    }

    private void Fail(string fault)
    {
        lock (_lock)
        {
            _listeners.ForEach(listener => listener.End(fault));
            _listeners.Clear();
        }
    }

    private void Leave(DropSubscription listener)
    {
        lock (_lock)
        {
            _listeners.Remove(listener);
            if (_listeners.Count == 0)
            {
                _idle?.Cancel();
                _idle = null;
            }
        }
    }

    private void Tell(LoggedPacket packet)
    {
        var drop = packet == LoggedPacket.Lost ? null : describe(packet);
        lock (_lock)
        {
            foreach (var listener in _listeners)
            {
                if (packet == LoggedPacket.Lost)
                {
                    listener.Miss();
                }
                else if (drop is not null && !listener.TryTell(drop))
                {
                    metrics.DropsNotTold.Increment();
                }
            }
        }
    }
}
