using Kn.Linux;
using Kn.Linux.Datagrams;
using Kn.Linux.Namespaces;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.LoadBalancer.Heartbeats;

/// <summary>Sends and hears heartbeats, on a thread of its own: a busy pool of threads must not look like a dead node. Thread-safe.</summary>
internal sealed class HeartbeatLoop : IDisposable
{
    private const int ReceiveBytes = 1 << 20;
    private const int FarewellCopies = 3;
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(50);

    private readonly string _node;
    private readonly HeartbeatOptions _options;
    private readonly LoadBalancerMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly UdpSocket _v4;
    private readonly UdpSocket? _v6;
    private readonly Lock _lock = new();
    private readonly Liveness _liveness;
    private readonly long _start;
    private readonly long _incarnation;
    private readonly Thread _thread;
    private IReadOnlyList<HeartbeatPeer> _peers = [];
    private HashSet<string> _alive = [];
    private byte[]? _key;
    private NodeState _state = NodeState.Starting;
    private long _counter;
    private bool _stopping;
    private long _wrongKeys;

    private HeartbeatLoop(string node, HeartbeatOptions options, LoadBalancerMetrics metrics, ILogger logger, TimeProvider time, long incarnation, (UdpSocket V4, UdpSocket? V6) sockets)
    {
        _node = node;
        _options = options;
        _metrics = metrics;
        _logger = logger;
        _time = time;
        (_v4, _v6) = sockets;
        _liveness = new Liveness(options);
        _start = time.GetTimestamp();
        _incarnation = incarnation;
        _thread = new Thread(Run) { IsBackground = true, Name = "kn-heartbeats", Priority = ThreadPriority.AboveNormal };
    }

    /// <summary>Raised by the loop's thread after <see cref="Alive"/> changed.</summary>
    public event Action? Changed;

    /// <summary>The peers that are alive.</summary>
    public IReadOnlySet<string> Alive => Volatile.Read(ref _alive);

    /// <summary>What this node says of itself.</summary>
    public NodeState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <summary>Heartbeats that were signed with another key since the last call.</summary>
    public long TakeWrongKeys() => Interlocked.Exchange(ref _wrongKeys, 0);

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Opens the sockets and starts; it is silent until it has a key.</summary>
    /// <exception cref="LinuxException">EADDRINUSE: another program, such as MetalLB's speaker, has the port.</exception>
    public static HeartbeatLoop Start(string node, HeartbeatOptions options, LoadBalancerMetrics metrics, ILogger logger, TimeProvider time, long incarnation, NetworkNamespace? inside)
    {
        var v4 = UdpSocket.Bind(IpAddress.Any(IpFamily.V4), options.Port, ReceiveBytes, inside);
        UdpSocket? v6 = null;
        try
        {
            v6 = UdpSocket.Bind(IpAddress.Any(IpFamily.V6), options.Port, ReceiveBytes, inside);
        }
        catch (LinuxException error) when (error.Errno is Errno.EAFNOSUPPORT or Errno.EADDRNOTAVAIL)
        {
            // A kernel without IPv6.
        }

        var loop = new HeartbeatLoop(node, options, metrics, logger, time, incarnation, (v4, v6));
        loop._thread.Start();
        return loop;
    }

    /// <summary>Sets who is written to, and whose silence matters.</summary>
    public void Follow(IReadOnlyList<HeartbeatPeer> peers)
    {
        lock (_lock)
        {
            _peers = peers;
            _liveness.Follow([.. peers.Select(static peer => peer.Name)], Now);
            Publish();
        }
    }

    /// <summary>Sets the key.</summary>
    public void SetKey(byte[] key)
    {
        lock (_lock)
        {
            _key = key;
        }
    }

    /// <summary>Says of this node what it is from now on; a farewell goes out at once, several times.</summary>
    public void Say(NodeState state)
    {
        lock (_lock)
        {
            if (_state == state)
            {
                return;
            }

            _state = state;
            for (var i = 0; i < (state == NodeState.Up ? 1 : FarewellCopies); i++)
            {
                SendAll();
            }
        }
    }

    /// <summary>What the last heartbeat of a node said; null before the first.</summary>
    public NodeState? LastState(string node)
    {
        lock (_lock)
        {
            return _liveness.LastState(node);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _stopping, true))
        {
            _thread.Join();
            _v4.Dispose();
            _v6?.Dispose();
        }
    }

    private void Run()
    {
        var nextSend = Now;
        while (!Volatile.Read(ref _stopping))
        {
            bool isChanged;
            TimeSpan wait;
            lock (_lock)
            {
                if (Now >= nextSend)
                {
                    SendAll();
                    nextSend += _options.Interval;
                    // After a pause of the machine the next is due from now.
                    nextSend = nextSend < Now ? Now + _options.Interval : nextSend;
                }

                isChanged = Publish();
                var due = _liveness.NextDeath(Now) is { } death && death < nextSend ? death : nextSend;
                wait = due - Now;
            }

            if (isChanged)
            {
                Changed?.Invoke();
            }

            wait = wait < s_longestWait ? wait : s_longestWait;
            if (wait > TimeSpan.Zero)
            {
                // One more millisecond: poll(2) knows no fractions.
                UdpSocket.WaitForEither(_v4, _v6 ?? _v4, wait + TimeSpan.FromMilliseconds(1));
            }

            Receive(_v4);
            Receive(_v6);
        }
    }

    private void Receive(UdpSocket? socket)
    {
        Span<byte> buffer = stackalloc byte[Heartbeat.MaxBytes];
        while (socket is not null && socket.TryReceive(buffer, out _, out var length))
        {
            lock (_lock)
            {
                Hear(buffer[..Math.Min(length, buffer.Length)]);
            }
        }
    }

    private void Hear(ReadOnlySpan<byte> datagram)
    {
        if (_key is null)
        {
            return;
        }

        switch (Heartbeat.TryRead(datagram, _key, out var heartbeat))
        {
            case HeartbeatFault.None when _liveness.Hear(heartbeat, Now):
                _metrics.HeartbeatsReceived.Increment();
                break;
            case HeartbeatFault.WrongKey:
                Interlocked.Increment(ref _wrongKeys);
                _metrics.HeartbeatsRefused.Increment();
                break;
            case HeartbeatFault.NotOne:
                _metrics.HeartbeatsRefused.Increment();
                break;
        }
    }

    /// <summary>True when it has changed.</summary>
    private bool Publish()
    {
        var alive = _liveness.Alive(Now).ToHashSet(StringComparer.Ordinal);
        if (alive.SetEquals(_alive))
        {
            return false;
        }

        foreach (var lost in _alive.Where(name => !alive.Contains(name)))
        {
            LoadBalancerLog.NodeLost(_logger, lost, _liveness.LastState(lost) == NodeState.Leaving ? "it leaves" : "nothing is heard of it");
        }

        foreach (var found in alive.Where(name => !_alive.Contains(name)))
        {
            LoadBalancerLog.NodeFound(_logger, found);
        }

        Volatile.Write(ref _alive, alive);
        return true;
    }

    private void SendAll()
    {
        if (_key is null || _peers.Count == 0)
        {
            return;
        }

        var heartbeat = new Heartbeat(_node, _state, _state == NodeState.Restarting ? _options.RestartGrace : TimeSpan.Zero, _incarnation, ++_counter);
        Span<byte> bytes = stackalloc byte[Heartbeat.MaxBytes];
        var length = heartbeat.Write(bytes, _key);
        foreach (var peer in _peers)
        {
            foreach (var address in peer.Addresses)
            {
                (address.Family == IpFamily.V4 ? _v4 : _v6)?.TrySend(new DatagramPeer(address, _options.Port), bytes[..length]);
                _metrics.HeartbeatsSent.Increment();
            }
        }
    }
}
